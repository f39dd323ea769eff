"""What word vectors and few-shot learners show about widths and limits, for the papers that report on them.

In these tables a missing ``width`` is the infinite-width limit.
"""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import NotTestableError
from infwidth.analysis.statistics import Estimate, change_per_doubling, exponent, mean_over_seeds


def finite(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of finite nets at the last step at which each was measured."""
    rows = table[(table.metric == metric) & table.width.notna()]
    return rows[rows.step == rows.groupby(["width", "seed"]).step.transform("max")]


def limit(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the infinite-width limit's rows at its last step (of each seed); NotTestableError if there are none."""
    rows = table[(table.metric == metric) & table.width.isna()]
    if rows.empty:
        raise NotTestableError(f"The limit has no '{metric}' at this scale.")
    return rows[rows.step == rows.groupby("seed").step.transform("max")]


def rises_with_width(table: pd.DataFrame, metric: str) -> Estimate:
    """Return the change of a metric per doubling of the finite widths."""
    rows = finite(table, metric)
    if rows.width.nunique() < 2:
        raise NotTestableError("Fewer than two finite widths are run at this scale.")
    return change_per_doubling(rows)


def limit_less_narrowest(table: pd.DataFrame, metric: str) -> Estimate:
    """Return the limit's value less the narrowest nets', Student's interval over the seeds of the nets.

    A limit that has seeds of its own (of its data) is compared seed by seed.
    """
    rows, exact = finite(table, metric), limit(table, metric)
    narrowest = rows[rows.width == rows.width.min()].set_index("seed").value
    if len(exact) == 1:
        return mean_over_seeds((exact.value.iloc[0] - narrowest).to_numpy())
    return mean_over_seeds((exact.set_index("seed").value - narrowest).dropna().to_numpy())


def separation_over_random(word2vec: pd.DataFrame, frozen: pd.DataFrame) -> Estimate:
    """Return how much further apart the limit's embeddings of two classes are than random ones, over random seeds."""
    random = finite(frozen, "separation")
    return mean_over_seeds((limit(word2vec, "separation").value.iloc[0] - random.value).to_numpy())


def similarity_deviations(table: pd.DataFrame) -> pd.DataFrame:
    """Return the root mean square difference of every finite net's word similarities from the limit's."""
    exact = limit(table, "similarity").set_index("index").value
    rows = finite(table, "similarity")
    squares = rows.assign(value=(rows.value.to_numpy() - exact.reindex(rows["index"]).to_numpy()) ** 2)
    return squares.groupby(["width", "seed"]).value.mean().map(np.sqrt).reset_index()


def similarities_converge(table: pd.DataFrame) -> Estimate:
    """Return the exponent in width of the deviation of word similarities from the limit's."""
    deviations = similarity_deviations(table)
    if deviations.width.nunique() < 2:
        raise NotTestableError("Fewer than two finite widths are run at this scale.")
    return exponent(deviations)


def limit_less_best_kernel(linear: pd.DataFrame, *kernels: pd.DataFrame) -> Estimate:
    """Return the test accuracy of the μP limit less that of the best kernel, seed by seed (seeds share their tasks)."""
    accuracies = [k[k.metric == "test_accuracy"].set_index("seed").value for k in kernels]
    best = max(accuracies, key=lambda values: values.mean())
    return mean_over_seeds((limit(linear, "test_accuracy").set_index("seed").value - best).dropna().to_numpy())
