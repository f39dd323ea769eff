"""Arora et al. 2019: exact kernels of infinitely wide convolutional nets, as classifiers."""
