"""Atanasov, Zavatone-Veth & Pehlevan (2024): ridge regression and random features of high dimension, renormalized."""
