"""What all probes share: the choice of steps and layers, and what is kept from one evaluation to others."""

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch

from infwidth.data.load import Labelled
from infwidth.errors import SpecError, nearest
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.losses import Loss

T = TypeVar("T")


class Probe:
    """Base of all probes. A probe with ``at`` "last" measures at the last evaluation only, others at every one.

    ``initial`` holds what a probe compares later nets with, by what and by layer, until the last evaluation; ``state``
    holds what it keeps for the next evaluation. Checkpoints carry both. ``outputs`` takes what the ensemble of all
    seeds needs of this net, by :func:`step_key`; in a cell it is a :class:`~infwidth.training.outputs.OutputsOfNet`.
    """

    name: ClassVar[str]

    def __init__(self, *, at: str | None = None) -> None:
        if at not in (None, "last"):
            raise SpecError(f"probe {self.name}: at is '{at}'; it is 'last', or left out for every evaluation")
        self._at_last = at == "last"
        self.initial: dict[str, dict[str, torch.Tensor]] = {}
        self.state: dict[str, torch.Tensor] = {}
        self.outputs: MutableMapping[str, torch.Tensor] = {}

    def start(self, evaluation: Evaluation) -> None:
        """See the net at initialisation, once; what is to be remembered of it goes into ``initial``."""

    def measure(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write rows on the net as it is, if it is to be measured at this evaluation."""
        if evaluation.last or not self._at_last:
            self.write(evaluation, rows)

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write rows on the net as it is."""
        raise NotImplementedError

    def combine(self, outputs: Sequence[Mapping[str, torch.Tensor]], data: Labelled, loss: Loss, rows: Rows) -> None:
        """Write rows on the ensemble of all seeds from their ``outputs``."""


class LayerProbe(Probe):
    """Base of the probes of every layer, or of the ``layers`` named."""

    def __init__(self, *, layers: Collection[str] | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.layers = layers

    def known_layers(self, evaluation: Evaluation) -> Collection[str]:
        """Return the names that ``layers`` may hold: those of the hidden layers, unless a probe sees others."""
        return evaluation.member.hidden_layers

    def start(self, evaluation: Evaluation) -> None:
        """Check the names of the layers; raises SpecError, before anything is trained."""
        known = self.known_layers(evaluation)
        for layer in self.layers or ():
            if layer not in known:
                raise SpecError(
                    f"probe {self.name}: there is no layer '{layer}'{nearest(layer, known)}; there are"
                    f" {', '.join(known)}"
                )

    def chosen(self, values: Mapping[str, T]) -> dict[str, T]:
        """Return the ``values`` of the layers to be measured, in the net's order."""
        return {layer: value for layer, value in values.items() if self.layers is None or layer in self.layers}


def steps_of_all(outputs: Sequence[Mapping[str, torch.Tensor]]) -> list[str]:
    """Return the keys of the steps at which every seed kept something, in order (see :func:`step_key`)."""
    return sorted(set.intersection(*(set(of_one) for of_one in outputs)))


def step_key(step: int) -> str:
    """Return the key under which ``outputs`` keep what belongs to a step; ``int`` takes it back."""
    return f"{step:09d}"
