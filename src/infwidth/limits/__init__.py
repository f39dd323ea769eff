"""Exact infinite-width limits: deterministic kernels, and what one step of training does to a network."""
