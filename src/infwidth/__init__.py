"""infwidth: the infinite limits of neural networks, replicated.

Rooms, in the order in which imports may point downward (a test keeps it so):
``workflow`` → ``papers`` → ``training`` → ``parametrization``, ``models``, ``data``; ``limits``, ``analysis`` and
``plotting`` are leaves. Importing the package does no work and loads no torch.
"""

__version__ = "0.1.0"
