"""Yang & Hu, “Feature Learning in Infinite-Width Neural Networks” (Tensor Programs IV, 2021)."""
