"""What tables of word vectors say: how far classes of words are apart, and how near a net is to the limit.

Numbers that Tensor Programs IV reports are here too, for the figures that draw them beside what is measured.
"""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, exponent, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table

#: Part of the word analogies answered right on text8 (Yang & Hu 2021, Table 3): by width, and by both kernels.
ANALOGIES = {64: 0.3335, 256: 0.4158, 1024: 0.4256, math.inf: 0.4331}
ANALOGIES_OF_KERNELS = 0.0


def separation_over_random(word2vec: Table, frozen: Table) -> Estimate:
    """Return how much further apart the limit's embeddings of two classes are than random ones, over random seeds."""
    random = frozen.at_end(of_each=True).nets("separation")
    return mean_over_seeds((word2vec.at_end().limit("separation").value.iloc[0] - random.value).to_numpy())


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
