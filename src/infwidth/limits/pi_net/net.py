"""π-nets of any width, trained by SGD."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from infwidth.limits.pi_net.layers import Layer, NeuronLayer, Step

#: Outputs [S, N, k] → the sum over nets of the loss of each.
Loss = Callable[[Tensor], Tensor]

_TILE = 2**22  # numbers in one temporary of a net that is only evaluated


class Rates(NamedTuple):
    """Learning rate η, with factors for the first layer and the readout; decay, and the clip of every gradient.

    Decay multiplies all that is trained by 1 - η · ``decay`` a step, whatever the factors.
    """

    lr: float
    first: float = 1.0
    last: float = 1.0
    decay: float = 0.0
    clip: float | None = None

    def of(self, depth: int, n_layers: int) -> Step:
        """Return the step of the layer ``depth`` (from 0) of so many."""
        factor = self.first if depth == 0 else self.last if depth == n_layers - 1 else 1.0
        return Step(self.lr * factor, 1.0 - self.lr * self.decay, self.clip)


class PiNets:
    """S nets of one width: read-in, hidden layers and readout."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    def hidden_outputs(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of all layers but the readout, g_1 … g_L [S, N, r], at ``x`` [N, d].

        Where torch differentiates, by g_1 and all that follows from it.
        """
        outputs: list[Tensor] = []
        z = x
        for layer in self.layers[:-1]:
            z = layer(z)
            if not outputs and torch.is_grad_enabled():
                z.requires_grad_()
            outputs.append(z)
        return outputs

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs [S, N, k] at ``x`` [N, d]."""
        size = max(1, _TILE // max(layer.size for layer in self.layers))
        return torch.cat([self.readout(self.hidden_outputs(part)[-1]) for part in x.split(size)], 1)

    @property
    def readout(self) -> NeuronLayer:
        """The last layer."""
        last = self.layers[-1]
        assert isinstance(last, NeuronLayer)
        return last

    @torch.no_grad()
    def feature_kernel(self, x: Tensor) -> Tensor:
        """Return the last hidden layer's kernel [S, N, N]: the mean over neurons of φ(h) φ(h')."""
        return self.readout.gram(self.hidden_outputs(x)[-1])

    def step(self, x: Tensor, loss: Loss, rates: Rates) -> float:
        """Take one step on ``x`` [N, d]; return the loss before it."""
        with torch.enable_grad():
            outputs = self.hidden_outputs(x)
            outputs.append(self.readout(outputs[-1]))
            value = loss(outputs[-1])
            gradients = torch.autograd.grad(value, outputs)
        for depth, (d, z) in enumerate(zip(gradients, self.inputs(x, outputs), strict=True)):
            self.layers[depth].learn(d, z, rates.of(depth, len(self.layers)))
        return float(value.detach())

    @staticmethod
    def inputs(x: Tensor, outputs: Sequence[Tensor]) -> list[Tensor]:
        """Return what the layers of these outputs were given: [S, N, d], then [S, N, r]."""
        return [x.expand(len(outputs[0]), *x.shape[-2:]), *(z.detach() for z in outputs[:-1])]
