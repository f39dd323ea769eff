"""Data: one table of data sets, checked downloads, one prepared form per kind, and batches any machine can repeat.

``registry`` says what exists, ``prepare`` turns a source into plain arrays with a record, ``images``, ``tokens`` and
``drawings`` load those arrays, and ``streams`` says which examples a training step sees.
"""
