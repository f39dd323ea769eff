"""Figures: a module and in it a function of the figure's name; tables in, figure out."""
