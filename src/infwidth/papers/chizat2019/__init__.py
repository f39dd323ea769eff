"""Chizat, Oyallon & Bach (2019): lazy training of nets by the scale of their model, and what it costs."""
