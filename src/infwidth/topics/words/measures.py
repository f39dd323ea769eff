"""What tables of word vectors say: how far classes of words are apart, and how near a net is to the limit.

Numbers that Tensor Programs IV reports are here too, for the figures that draw them beside what is measured.
"""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, difference_of_means, exponent, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table

#: Part of the word analogies answered right on text8 (Yang & Hu 2021, Table 3): by width, and by both kernels.
ANALOGIES = {64: 0.3335, 256: 0.4158, 1024: 0.4256, math.inf: 0.4331}
ANALOGIES_OF_KERNELS = 0.0


def separation_over_ntk(mup: Table, ntk: Table) -> Estimate:
    """Return how much further apart two classes are in the widest nets in μP than in the widest in the NTK's."""
    in_mup, in_ntk = (t.at_end(of_each=True).at(of="net").at(width=max).nets("separation").value for t in (mup, ntk))
    return difference_of_means(in_mup.to_numpy(), in_ntk.to_numpy())


def separation_gained(word2vec: Table, *, width: float) -> Estimate:
    """Return how much further apart two classes are in the limit than in nets of one width, over the nets' seeds."""
    final = word2vec.at_end(of_each=True)
    nets = final.at(width=width).nets("separation").value
    return mean_over_seeds((final.limit("separation").value.iloc[0] - nets).to_numpy())


def similarity_deviations(table: Table) -> pd.DataFrame:
    """Return the root mean square difference of every finite net's word similarities from the limit's."""
    final = table.at_end(of_each=True)
    exact, rows = final.limit("similarity").set_index("index").value, final.nets("similarity")
    squares = rows.assign(value=(rows.value.to_numpy() - exact.reindex(rows["index"]).to_numpy()) ** 2)
    return squares.groupby(["width", "seed"]).value.mean().map(np.sqrt).reset_index()


def similarities_converge(table: Table) -> Estimate:
    """Return the exponent in width of the deviation of word similarities from the limit's."""
    deviations = similarity_deviations(table)
    if deviations.width.nunique() < 2:
        raise NotTestableError("Fewer than two finite widths are run at this scale.")
    return exponent(deviations)
