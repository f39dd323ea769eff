"""“On infinitely wide neural networks that exhibit feature learning” (Microsoft Research, 2021): the post's figures."""
