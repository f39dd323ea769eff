"""Bordelon, Canatar & Pehlevan (2020): learning curves of kernels and wide nets, mode by mode of the spectrum."""
