"""Word embeddings of finite nets, of their limit and of kernels."""
