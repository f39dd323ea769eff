"""What a parametrization can be at infinite width (Yang & Hu 2021, Thms 3.3-3.8)."""

#: From least to most; tables hold the index.
VERDICTS = ("unstable", "trivial", "kernel", "feature learning")


def verdict_index(*, stable: bool, nontrivial: bool, feature_learning: bool) -> int:
    """Return the index into VERDICTS; a nontrivial parametrization that learns no features is a kernel's."""
    return int(stable) + int(stable and nontrivial) + int(stable and nontrivial and feature_learning)
