"""The rows of a training: those of its nets, then those of the ensemble of all seeds at each learning rate.

Whether one cell trained all seeds or each has its own, ensembles are made of what probes kept of single nets, here.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import torch

from infwidth.data.load import Labelled
from infwidth.results.rows import Rows
from infwidth.specs.cells import Train
from infwidth.training.loop import Net
from infwidth.training.losses import LOSSES
from infwidth.training.outputs import PackedOutputs
from infwidth.training.probes import make_probes

#: What a probe, by name, kept of a net, by the key of the step.
Kept = Callable[[Net, str], Mapping[str, torch.Tensor]]


def nets_of(spec: Train) -> list[Net]:
    """Return learning rate and seed of all nets of a training, in the order of its rows."""
    return [(lr, seed) for lr in spec.optimizer.lr for seed in spec.seeds]


def with_ensembles(spec: Train, nets: Mapping[Net, pd.DataFrame], kept: Kept, data: Labelled) -> pd.DataFrame:
    """Return the rows of all nets of a training, and after them those of their ensembles."""
    parts = [nets[net] for net in nets_of(spec)]
    loss = LOSSES[spec.training.loss]
    for lr in spec.optimizer.lr:
        rows = Rows(lr, -1, "ensemble")
        for probe in make_probes([probe.model_dump() for probe in spec.probes]):
            probe.combine([kept((lr, seed), probe.name) for seed in spec.seeds], data, loss, rows)
        parts.append(rows.frame())
    return pd.concat(parts, ignore_index=True)


def joined(spec: Train, members: Mapping[int, tuple[pd.DataFrame, Path]], data: Labelled) -> pd.DataFrame:
    """Return the rows of a training whose seeds are cells of their own, as one cell would have written them.

    ``members`` maps each seed to the rows of its cell and to the file of what probes kept of its nets.
    """
    nets = {(lr, seed): members[seed][0].query("lr == @lr") for lr, seed in nets_of(spec)}
    return with_ensembles(spec, nets, lambda net, probe: PackedOutputs(members[net[1]][1], net, probe), data)
