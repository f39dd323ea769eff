"""Yang, Yu, Zhu & Hayou 2023, Tensor Programs VI: which residual nets of infinite depth learn diverse features."""
