"""Geiger, Spigler, Jacot & Wyart (2020): feature learning and lazy training, told apart by the scale of the output."""
