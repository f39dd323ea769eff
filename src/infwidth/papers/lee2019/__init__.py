"""Lee, Xiao et al. 2019: wide nets of any depth are linear models during gradient descent."""
