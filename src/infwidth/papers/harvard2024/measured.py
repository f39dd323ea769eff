"""What the post's experiments measure, shared by their figures and claims."""

import pandas as pd

from infwidth.analysis.distances import alignment, kernels, limit_kernel
from infwidth.analysis.table import Tables

#: What the sweeps over learning rates vary: the column of their tables and what it is called.
AXES = {"widths": ("width", "width"), "depths": ("n_blocks", "depth")}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}


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
