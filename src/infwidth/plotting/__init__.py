"""The style of all figures and the few shapes they share."""
