"""What figures and claims of this paper share: tables over richness, optima, and distances of trajectories."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.lr_optimum import best_losses, drift, optimum_table
from infwidth.analysis.statistics import Estimate, exponent
from infwidth.analysis.table import NotTestableError, Table
from infwidth.limits.richness_toy import excess
from infwidth.parametrization.knobs import KNOBS

#: Where the powers of γ are fitted, well away from γ = 1: lazy below, rich above, ultra-rich from there on.
LAZY, RICH, ULTRA_RICH = 1 / 30, 30.0, 100.0
#: Losses of f = 0, which says nothing: half of 0.9 (one-hot targets of ten classes less their mean), and log 10.
INITIAL = {"mse": 0.45, "cross_entropy": TEN_CLASSES["cross_entropy"]}
#: Losses of f = 0 of the toy model, less the minimum: ½, and the divergence of ½ from σ(1).
TOY_INITIAL = {"mse": 0.5, "cross_entropy": float(excess(np.zeros(1), "cross_entropy")[0])}
#: The part of the initial loss below which a net has learned.
LEARNED = 0.8

#: How the sweep is read.
_SWEPT: dict[str, Any] = {"axis": "gamma0", "metric": "online_loss"}
#: What chooses rows by γ: :func:`lazy`, :func:`rich`.
Side = Callable[[pd.DataFrame], pd.DataFrame]


def over_richness(table: Table, metric: str, *, of: str = "net") -> pd.DataFrame:
    """Return a metric's rows with their γ as the column ``gamma0``."""
    gamma0 = table.by_index("richness")
    rows = table.limit(metric) if of == "limit" else table.nets(metric)
    return rows.assign(gamma0=rows["index"].map(gamma0))


def lazy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of γ ≤ 1/30."""
    return rows[rows.gamma0 <= LAZY]


def rich(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of γ ≥ 30."""
    return rows[rows.gamma0 >= RICH]


def largest(table: Table) -> pd.DataFrame:
    """Return the largest rate that trains of every γ and seed."""
    return over_richness(table, "largest_rate")


def grid(table: Table, metric: str = "online_loss", *, of: str = "net") -> pd.DataFrame:
    """Return a metric over the grid of one loss and depth: columns gamma0, rate, layer (its factor), seed and value.

    A place at which no net was left has one row, without a seed and a value.
    """
    places = over_richness(table, "rate", of="limit")[["index", "layer", "gamma0", "value"]]
    rows = over_richness(table, metric, of=of)[["index", "layer", "seed", "value"]]
    return places.rename(columns={"value": "rate"}).merge(rows, how="left", on=["index", "layer"])


def swept(table: Table) -> Table:
    """Return the losses of the grid over γ (``gamma0``) and the rate (``lr``), as ``lr_optimum`` reads them."""
    rates = over_richness(table, "rate", of="limit")[["index", "layer", "gamma0", "value"]]
    nets = table.at(metric=("online_loss", "diverged")).frame
    rows = nets.merge(rates.rename(columns={"value": "rate"}), on=["index", "layer"])
    return Table(rows.assign(lr=rows.rate, layer="", index=-1), table.name)


def optima(table: Table, loss: str) -> pd.DataFrame:
    """Return the best rate of every γ; see ``lr_optimum``."""
    return optimum_table(swept(table), chance=INITIAL[loss], **_SWEPT)


def losses_at_best(table: Table) -> pd.DataFrame:
    """Return every net's loss at the rate of the grid that is best for its γ: columns gamma0, lr, seed, value.

    Of nets that say nothing as well, which their loss tells.
    """
    return best_losses(swept(table), **_SWEPT)


def best_rate_exponent(table: Table, loss: str, side: Side) -> Estimate:
    """Return the exponent in γ of the best rate, on one side."""
    nets = swept(table)
    return drift(Table(side(nets.frame), nets.name), chance=INITIAL[loss], **_SWEPT)


def least(table: Table, initial: float) -> pd.DataFrame:
    """Return for every γ and seed the least rate that learns a fifth of the loss, between two of the grid."""
    found = []
    for (gamma0, seed), rows in grid(table).groupby(["gamma0", "seed"]):
        ordered = rows.sort_values("rate")
        x, y = np.log(ordered.rate.to_numpy()), ordered.value.to_numpy() / initial
        k = int((y < LEARNED).argmax())
        if k:
            found.append((gamma0, seed, np.exp(np.interp(-LEARNED, -y[k - 1 : k + 1], x[k - 1 : k + 1]))))
    return pd.DataFrame(found, columns=["gamma0", "seed", "value"])


def best_of_rich(table: Table) -> np.ndarray:
    """Return for every seed the lowest loss of γ ≤ 1/30 less that of γ ≥ 1, each at its best rate, over the initial."""
    lowest = losses_at_best(table)
    of_lazy, of_rich = (
        lowest[part].groupby("seed").value.min() for part in (lowest.gamma0 <= LAZY, lowest.gamma0 >= 1)
    )
    return ((of_lazy - of_rich) / INITIAL["mse"]).to_numpy()


# The toy model.


def toy_rates(table: Table, which: str) -> pd.DataFrame:
    """Return its largest rates ("start", "bounded" or "minimum") with γ."""
    return over_richness(table.at(layer=[which, ""]), "largest_rate", of="limit")


def in_closed_form(table: Table) -> pd.DataFrame:
    """Return the closed form's edge, 2/H, with γ."""
    return over_richness(table, "edge", of="limit")


def toy_off_edge(table: Table, which: str) -> float:
    """Return the largest |log| over all γ, L and losses of a largest rate over 2/H in closed form."""
    return max(
        float(np.abs(np.log(toy_rates(part, which).value.to_numpy() / part.limit("edge").value.to_numpy())).max())
        for loss in table.values("loss")
        for n_layers in table.values("n_layers")
        for part in (table.at(loss=loss, n_layers=n_layers),)
    )


def toy_exponent(table: Table, which: str, side: str, loss: str) -> Estimate:
    """Return the exponent in γ of a largest rate, less 2/L on the rich side: the mean over L, from least to largest."""
    found = []
    for n_layers in table.values("n_layers"):
        rows = toy_rates(table.at(n_layers=n_layers, loss=loss), which).assign(seed=0)
        chosen = lazy(rows) if side == "lazy" else rich(rows)
        if len(chosen) < 2:
            raise NotTestableError("An exponent needs two or more values of γ on its side.")
        found.append(exponent(chosen, x="gamma0").value - (0 if side == "lazy" else 2 / n_layers))
    return Estimate(float(np.mean(found)), min(found), max(found), 1)


# Hessians and catapults.


def top_eigenvalue(table: Table, *, initial: bool = False) -> pd.DataFrame:
    """Return the largest eigenvalue of every γ and seed: at initialisation, or at the level of the loss."""
    rows = over_richness(table.at(layer=["", "1"]), "hessian_eigenvalue")
    return rows[(rows.step == 0) == initial]


def spectrum(table: Table) -> pd.DataFrame:
    """Return η times the eigenvalues of the nets of one depth at the level of the loss, with their ``rank``."""
    rate = table.by_index("rate")
    rows = over_richness(table, "hessian_eigenvalue")
    rows = rows[rows.step > 0]
    return rows.assign(value=rows.value * rows["index"].map(rate), rank=rows.layer.astype(int))


def stability(table: Table) -> pd.DataFrame:
    """Return η λ of every net at the level of the loss: its largest eigenvalue times its rate."""
    rows = pd.concat([spectrum(table.at(n_hidden=n_hidden)) for n_hidden in table.values("n_hidden")])
    return rows[rows["rank"] == 1]


def above_threshold(table: Table) -> Table:
    """Return the catapults at rates above 2/λ."""
    return table.at(layer=[layer for layer in table.values("layer") if float(layer) > 1])


def peak(table: Table) -> pd.DataFrame:
    """Return the largest loss of every net over its first one."""
    losses = table.nets("train_loss").sort_values("step").groupby(["layer", "seed"]).value
    return (losses.max() / losses.first()).rename("value").reset_index()


def least_sharpness(table: Table) -> pd.DataFrame:
    """Return the least η λ that every net comes to."""
    return table.nets("sharpness").groupby(["layer", "seed"]).value.min().reset_index()


# Trajectories of ultra-rich nets.


def curves(table: Table, metric: str = "loss_left") -> pd.DataFrame:
    """Return a metric of training with γ and the rescaled time τ = η t/γ as ``tau``."""
    rate = table.by_index("rate")
    rows = over_richness(table, metric)
    return rows.assign(tau=rows.step * rows["index"].map(rate) / rows.gamma0)


def apart(table: Table, time: str) -> np.ndarray:
    """Return for every seed how far losses of γ ≥ 100 are from that of the largest γ, averaged over ``time``.

    Mean absolute difference of the parts that are left, over τ up to where the largest γ ends ("tau") or over the same
    steps ("step"); mean over γ.
    """
    rows = curves(table)
    rows = rows[rows.gamma0 >= ULTRA_RICH]
    γ = sorted(rows.gamma0.unique())
    if len(γ) < 2:
        raise NotTestableError("Trajectories of two or more γ ≥ 100 are needed.")
    found = []
    for _, of_seed in rows.groupby("seed"):
        by = {g: its.sort_values("step") for g, its in of_seed.groupby("gamma0")}
        at = np.linspace(0, min(its[time].max() for its in by.values()), 400)
        curve = {g: np.interp(at, its[time], its.value) for g, its in by.items()}
        found.append(np.mean([np.abs(curve[g] - curve[γ[-1]]).mean() for g in γ[:-1]]))
    return np.array(found)


def alignment_before(table: Table, learned: float, *, least: float = 0.0, most: float = np.inf) -> pd.DataFrame:
    """Return the alignment of the last two layers when a part of the loss is ``learned``, of γ between two values."""
    keys = ["gamma0", "seed", "step"]
    both = curves(table).merge(over_richness(table, "layer_alignment")[[*keys, "value"]], on=keys, suffixes=("", "_of"))
    after = both[(both.value < 1 - learned) & (both.gamma0 >= least) & (both.gamma0 <= most)].sort_values("step")
    first = after.groupby(["gamma0", "seed"]).value_of.first().rename("value").reset_index()
    if first.empty:
        raise NotTestableError(f"No net of γ from {least:g} to {most:g} has learned {learned:g} of the loss.")
    return first


def task_alignment_gain(table: Table) -> np.ndarray:
    """Return for every seed the final alignment of features with the task, mean over γ ≥ 1 less that of γ ≤ 1/30."""
    final = over_richness(table.at_end(), "task_alignment")
    by_seed = [final[part].groupby("seed").value.mean() for part in (final.gamma0 >= 1, final.gamma0 <= LAZY)]
    return (by_seed[0] - by_seed[1]).to_numpy()


# The knobs of several papers.


def by_knob(table: Table) -> pd.DataFrame:
    """Return the movement of the kernel with the knob's paper (layer), its value ``knob`` and its ``gamma0``."""
    keys = ["width", "layer", "index"]
    rows = table.nets("kernel_change")
    for metric, name in (("knob", "knob"), ("richness", "gamma0")):
        rows = rows.merge(table.limit(metric)[[*keys, "value"]].rename(columns={"value": name}), on=keys)
    return rows


def off_axis(table: Table, axis: str) -> np.ndarray:
    """Return for every seed the mean |log₁₀| of the movement over that of γ₀'s own knob at the same place on ``axis``.

    At the same width; the curve of γ₀'s own knob is interpolated in logarithms. Places beyond its ends are left out.
    """
    rows, (own, *others) = by_knob(table), KNOBS
    found: dict[Any, list[float]] = {}
    for (_, seed), its in rows.groupby(["width", "seed"]):
        curve = its[its.layer == own].sort_values("gamma0")
        there = its[its.layer.isin(others) & its[axis].between(curve.gamma0.min(), curve.gamma0.max())]
        expected = np.interp(np.log(there[axis]), np.log(curve.gamma0), np.log10(curve.value))
        found.setdefault(seed, []).append(float(np.abs(np.log10(there.value) - expected).mean()))
    return np.array([np.mean(each) for each in found.values()])


def off_equal(table: Table) -> float:
    """Return the largest relative difference of the movement by two knobs at the same γ₀, width and seed."""
    rows = by_knob(table)
    place = rows.gamma0.map("{:.6g}".format)
    same = rows.groupby([rows.width, rows.seed, place]).value
    return float((same.max() / same.min() - 1).max())
