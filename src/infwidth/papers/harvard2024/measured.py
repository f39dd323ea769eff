"""What the post's experiments measure, shared by their figures and claims."""

import pandas as pd

from infwidth.analysis.claims import NotTestableError, Tables
from infwidth.analysis.distances import alignment, kernels, limit_kernel

#: What the sweeps over learning rates vary: the column of their tables and what it is called.
AXES = {"widths": ("width", "width"), "depths": ("n_blocks", "depth")}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}


def difference_at_base(one: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    """Return by how much two parametrizations differ at the narrowest width, for every number that was measured.

    Indexed by lr, seed, step, metric, layer and index. Raises NotTestableError if they were not measured alike.
    """
    sides = []
    for table in (one, other):
        base = table[(table.width == table.width.min()) & (table.seed >= 0)]
        sides.append(base.set_index(["lr", "seed", "step", "metric", "layer", "index"]).value)
    if sides[0].empty or not sides[0].index.equals(sides[1].index):
        raise NotTestableError("The two parametrizations were not measured at the same rates and steps.")
    return (sides[0] - sides[1]).abs()


def alignments(tables: Tables, gamma0: float, theory: str) -> pd.DataFrame:
    """Return the cosine of every net's final feature kernels with a theory's: columns layer, seed, value.

    ``theory`` is the metric of the limit's kernels: ``kernel`` (one a layer) or ``ntk_kernel`` (the same in all).
    """
    nets, limit = (table[table.gamma0 == gamma0] for table in (tables["dmft_networks"], tables["dmft_limit"]))
    if nets.empty or limit.empty:
        raise NotTestableError(f"Richness {gamma0} is not run at this scale.")
    records = []
    for layer in sorted(nets[nets.metric == "kernel"].layer.unique()):
        of_limit = limit_kernel(limit, theory, layer)
        for (_, seed), kernel in kernels(nets, step=nets.step.max(), layer=layer, axis="gamma0").items():
            records.append((layer, seed, alignment(kernel, of_limit)))
    return pd.DataFrame(records, columns=["layer", "seed", "value"])
