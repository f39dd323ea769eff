"""What all claims tolerate; fixed before running."""

#: Of rates; of losses, relative to the initial one; of cosines of kernels with those of the limit.
RATE, LOSS, CLOSE = 0.15, 0.02, 0.98
