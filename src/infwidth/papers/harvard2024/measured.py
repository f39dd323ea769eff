"""What the post's experiments measure, shared by their figures and claims."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from infwidth.analysis.distances import alignment, kernels, limit_kernel
from infwidth.analysis.table import NotTestableError, Tables

#: What the sweeps over learning rates vary: the column of their tables and what it is called.
AXES = {"widths": ("width", "width"), "depths": ("n_blocks", "depth")}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}

#: An experiment, and values in columns of its table.
Part = tuple[str, Mapping[str, Any]]


def difference_at_base(tables: Tables, one: Part, other: Part) -> pd.DataFrame:
    """Return by how much two parametrizations differ at the narrowest width, for every number that was measured.

    Columns lr, seed, step, metric, layer, index, value. Raises NotTestableError if they were not measured alike.
    """
    sides = []
    for name, where in (one, other):
        base = tables[name].at(**where).at(width=min, of="net").frame
        sides.append(base.set_index(["lr", "seed", "step", "metric", "layer", "index"]).value)
    if not sides[0].index.equals(sides[1].index):
        raise NotTestableError("The two parametrizations were not measured at the same rates and steps.")
    return (sides[0] - sides[1]).abs().reset_index()


def alignments(tables: Tables, gamma0: float, theory: str) -> pd.DataFrame:
    """Return the cosine of every net's final feature kernels with a theory's: columns layer, seed, value.

    ``theory`` is the metric of the limit's kernels: ``kernel`` (one a layer) or ``ntk_kernel`` (the same in all).
    """
    nets, limit = (tables[name].at(gamma0=gamma0) for name in ("dmft_networks", "dmft_limit"))
    records = []
    for layer in nets.at(metric="kernel").values("layer"):
        of_limit = limit_kernel(limit, theory, layer)
        for (_, seed), kernel in kernels(nets, step=nets.last_step(), layer=layer, axis="gamma0").items():
            records.append((layer, seed, alignment(kernel, of_limit)))
    return pd.DataFrame(records, columns=["layer", "seed", "value"])
