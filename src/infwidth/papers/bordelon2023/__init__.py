"""Bordelon & Pehlevan 2023: fluctuations of kernels and predictions of finite width in mean-field nets."""
