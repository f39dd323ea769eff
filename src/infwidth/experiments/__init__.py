"""Experiments as data: what the papers' ``experiments.yaml`` say, at one scale, expanded into cells.

Everything here is light (no torch), because the workflow reads it each time it is parsed.
"""
