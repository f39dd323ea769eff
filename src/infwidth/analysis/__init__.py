"""From tables to numbers with intervals, and from numbers with intervals to verdicts."""
