"""The probe of attention maps."""

from collections.abc import Collection
from typing import Any

import torch

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import CHUNK
from infwidth.training.probes.base import LayerProbe


class AttentionMaps(LayerProbe):
    """Attention of every layer on the first ``points`` test windows: the average map of their first ``places``.

    Heads differ by the chance of their initialisation alone, and at infinite width not at all, so that no head of one
    net answers to a head of another; the average over heads has a limit of its own.
    """

    name = "attention_maps"

    def __init__(self, *, points: int, places: int, **common: Any) -> None:
        super().__init__(**common)
        self.points, self.places = points, places

    def known_layers(self, evaluation: Evaluation) -> Collection[str]:
        """Return the names of the layers with attention; raises SpecError for a net without any."""
        if not hasattr(evaluation.member.model, "attention_maps"):
            raise SpecError(f"probe attention_maps: a {type(evaluation.member.model).__name__} has no attention")
        return _maps(evaluation, evaluation.data.x_test[:1])

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``attention`` [places, places] of the first window and ``attention_entropy`` of each layer.

        The entropy −Σ a log a is that of a place's weights, averaged over places, heads and windows.
        """
        windows = evaluation.data.x_test[: self.points]
        entropies: dict[str, float] = {}
        for number, part in enumerate(windows.split(CHUNK)):
            for layer, maps in self.chosen(_maps(evaluation, part)).items():
                if number == 0:
                    average = maps[0, :, : self.places, : self.places].double().mean(0)
                    rows.add(evaluation.step, "attention", average.cpu().numpy(), layer=layer)
                entropy = torch.special.entr(maps.double()).sum(-1).mean().item()
                entropies[layer] = entropies.get(layer, 0.0) + entropy * (len(part) / len(windows))
        for layer, entropy in entropies.items():
            rows.add(evaluation.step, "attention_entropy", entropy, layer=layer)


def _maps(evaluation: Evaluation, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return evaluation.member.model.attention_maps(ids)  # type: ignore[operator]
