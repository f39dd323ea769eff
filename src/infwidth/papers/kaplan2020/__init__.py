"""Kaplan et al. (2020): losses as power laws of size and data, here of the width, in two parametrizations."""
