"""Dey et al., CompleteP (2025): which power of the depth residual branches of transformers have to be divided by."""
