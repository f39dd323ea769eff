"""Few-shot learning by nets, their limit and kernels."""
