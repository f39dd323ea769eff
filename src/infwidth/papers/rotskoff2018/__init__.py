"""Rotskoff & Vanden-Eijnden (2018): units of a wide net as interacting particles, and the error of n of them."""
