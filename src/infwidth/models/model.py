"""What every model of this room is."""

from abc import ABC, abstractmethod

from torch import nn

from infwidth.models.residual import Residual


class Model(nn.Module, ABC):
    """A net whose last layer is ``readout``; all widths are arguments of its constructor."""

    readout: nn.Linear

    @property
    @abstractmethod
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the preactivation h^l, in order of depth."""

    @property
    def residual_branches(self) -> tuple[nn.Module, ...]:
        """What the residual branches consist of, in order of depth; none in a net without skips."""
        return tuple(module.branch for module in self.modules() if isinstance(module, Residual))

    @property
    def queries(self) -> tuple[nn.Linear, ...]:
        """The query layers, in order of depth; none in a net without attention."""
        return ()
