"""Figures of Dey et al. (2025)."""
