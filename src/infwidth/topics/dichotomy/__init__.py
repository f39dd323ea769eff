"""The dynamical dichotomy: which parametrizations are stable, and whether they learn features or are kernels."""
