"""Colours of degrees."""

#: Of the degrees 0 to 3 of harmonics.
DEGREES = ("#7f7f7f", "#4c72b0", "#55a868", "#c44e52")
