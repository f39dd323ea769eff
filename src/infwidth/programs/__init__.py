"""Tensor programs: nets that are trained at infinite width, whatever way they are written.

A net of infinite width is a population of neurons. It is held as a sample of them: what one neuron keeps for itself
(read-in weights, biases, gains, embeddings, readout weights) are numbers, and the Gaussian matrices between two
populations are known by their law (:mod:`infwidth.programs.gaussian`), never as numbers.
"""

from infwidth.programs.infinite import infinite, replicas
from infwidth.programs.net import InfiniteNet
from infwidth.programs.printed import program
from infwidth.programs.sampled import infinite_net

__all__ = ["InfiniteNet", "infinite", "infinite_net", "program", "replicas"]
