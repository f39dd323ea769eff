"""Yang, Hu et al. 2022, Tensor Programs V: hyperparameters that are tuned at one width and used at another."""
