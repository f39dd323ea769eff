"""The best learning rate over widths and depths."""
