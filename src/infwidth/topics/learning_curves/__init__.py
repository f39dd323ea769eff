"""Learning curves of kernels: theory beside what is measured on drawn training sets, which several papers show."""
