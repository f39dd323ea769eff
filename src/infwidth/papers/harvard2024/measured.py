"""What the post's experiments measure, shared by their figures and claims."""

import numpy as np
import pandas as pd

from infwidth.analysis.against_limit import distances
from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.distances import alignment, kernels, limit_kernel, relative_distance
from infwidth.analysis.statistics import Estimate, jackknifed
from infwidth.analysis.table import NotTestableError, Table, Tables

#: What the sweeps over learning rates vary: the column of their tables and what it is called.
AXES = {"widths": ("width", "width"), "depths": ("n_blocks", "depth")}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}
#: Loss of a net that says nothing.
CHANCE = TEN_CLASSES["cross_entropy"]

#: Rule → the experiment that has its infinite-width limit.
LIMITS = {"ntk": "kernel_limit", "mup": "mup_limit"}


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


def distances_from_limits(tables: Tables) -> pd.DataFrame:
    """Return the distance of every net from the limit of its rule: columns rule, width, seed, value.

    Root mean square over evaluations and test points of the logits' difference, over that of the limit's logits. The
    sampled limit's own error, whose mean square its standard errors tell, is taken off.
    """
    parts = []
    for rule in tables["two_limits"].values("rule"):
        nets, limit = tables["two_limits"].at(rule=rule), tables[LIMITS[rule]]
        exact = limit.at(step=nets.values("step")).limit("correct_logit").value
        try:
            error = float((limit.limit("standard_error").value ** 2).mean())
        except NotTestableError:  # the kernel limit has none
            error = 0.0
        found = distances(nets, limit, "correct_logit")
        squares = (found.value**2 - error).clip(lower=0.0) / float((exact**2).mean())
        parts.append(found.assign(rule=rule, value=squares**0.5))
    return pd.concat(parts, ignore_index=True)


def of_rule(rows: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the rows of one rule."""
    return rows[rows.rule == rule]


def ntk_over_mup(tables: Tables) -> np.ndarray:
    """Return the log of the widest NTK nets' distance from their limit over that of the μP nets, paired by seed."""
    found = distances_from_limits(tables)
    widest = found[found.width == found.width.max()].set_index("seed")
    return np.log(np.asarray(of_rule(widest, "ntk").value / of_rule(widest, "mup").value))


def lazy(alpha_sweep: Table) -> Table:
    """Return the output scales from one on, at which the nets of the sweep are lazy."""
    return alpha_sweep.at(alpha=[alpha for alpha in alpha_sweep.values("alpha") if alpha >= 1])


def by_momentum(momentum_sweep: Table, rule: str) -> Table:
    """Return the nets of one rule with 1/(1 − momentum), by which it raises the rate, in the place of their rate."""
    frame = momentum_sweep.at(rule=rule).frame
    return Table(frame.assign(lr=1.0 / (1.0 - frame.momentum)), momentum_sweep.name)


def ntk_apart_over_mup(tables: Tables) -> Estimate:
    """Return the log of the distance of the mean loss curves of the two widest nets, in NTK over that in μP.

    The distance is |L_N − L_2N|/|L_2N| of curves averaged over seeds, so that it holds little of their chance; the
    interval is the jackknife's, which leaves out a seed at both widths and in both rules at once.
    """
    table = tables["width_sweep"]
    widths = table.values("width")[-2:]
    losses = table.at(width=tuple(widths)).nets("test_loss")
    shared = sorted(set.intersection(*(set(rows.seed) for _, rows in losses.groupby(["rule", "width"]))))
    if len(widths) < 2 or len(shared) < 3:
        raise NotTestableError("Fewer than two widths or three seeds of each are run at this scale.")

    def log_ratio(rows: pd.DataFrame) -> float:
        curves = rows.groupby(["rule", "width", "step"]).value.mean().unstack("step")
        apart = {
            rule: relative_distance(*(curves.loc[rule, width].to_numpy() for width in widths))
            for rule in ("ntk", "mup")
        }
        if not min(apart.values()) > 0:
            raise NotTestableError("Two curves are the same, and their distance has no logarithm.")
        return float(np.log(apart["ntk"] / apart["mup"]))

    without = (log_ratio(losses[losses.seed != seed]) for seed in shared)
    return jackknifed(log_ratio(losses), without, len(shared))
