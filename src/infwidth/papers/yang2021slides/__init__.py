"""Yang, slides on feature learning at infinite width (2021): the talk that goes with Tensor Programs IV."""
