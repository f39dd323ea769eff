"""Mei, Montanari & Nguyen (2018): SGD on two-layer nets, many units as a cloud of particles in its mean-field limit."""
