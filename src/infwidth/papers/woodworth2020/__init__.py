"""Woodworth et al. (2020): the scale of the initial weights takes overparametrized models from kernels to sparsity."""
