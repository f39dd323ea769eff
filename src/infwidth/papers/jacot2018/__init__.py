"""Jacot, Gabriel & Hongler 2018: the neural tangent kernel, its limit, and training along its components."""
