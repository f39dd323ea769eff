"""Canatar, Bordelon & Pehlevan (2021): spectral bias and task-model alignment decide what kernels learn."""
