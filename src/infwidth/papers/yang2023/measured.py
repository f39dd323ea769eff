"""What figures and claims share: exponents on the plane, errors of finite nets, diversity, best rates and losses."""

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.lr_optimum import best_loss_change, best_losses, drift, optimum_table
from infwidth.analysis.statistics import Estimate, mean_over_seeds, slopes_by_seed
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.yang2023.limits import BASE_DEPTH

#: The steps after which layers are shown.
SHOWN = (1, 5, 10)

#: What sweeps over learning rates are judged by, and the loss of a net that says nothing of ten classes.
LOSS, CHANCE = "late_loss", TEN_CLASSES["cross_entropy"]


def plane(table: Table) -> pd.DataFrame:
    """Return a row for each (α, γ): alpha, gamma, ``growth`` of the output's change and ``start_growth`` with L.

    Both are exponents by the last doubling of the depth.
    """
    grid = table.limit("alpha", "gamma").pivot_table(index="index", columns="metric", values="value")
    depths = sorted(table.limit("start").step.unique())[-2:]
    for name, metric in (("growth", "change"), ("start_growth", "start")):
        values = table.limit(metric).pivot_table(index="index", columns="step", values="value")[depths]
        grid[name] = np.log(values[depths[1]] / values[depths[0]]) / np.log(depths[1] / depths[0])
    return grid


def layer_errors(tables: Tables) -> pd.DataFrame:
    """Return for every net the root mean square, over layers and the steps shown, of its layers' rms over the limit's
    less one.
    """
    nets, limit = (tables[name].at(step=SHOWN) for name in ("deep_linear_nets", "deep_linear_limit"))
    exact = limit.limit("rms").set_index(["step", "index"]).value
    rows = nets.nets("rms")
    apart = rows.value.to_numpy() / exact.loc[list(zip(rows.step, rows["index"], strict=True))].to_numpy() - 1
    squares = rows.assign(value=apart**2).groupby(["width", "seed"]).value.mean()
    return (squares**0.5).reset_index()


def layers_of_depths(table: Table, step: int) -> dict[int, pd.Series]:
    """Return the limit's rms of the layers after ``step`` steps, by depth; the index is l/L."""
    rows = table.at(step=step).limit("rms")
    found = {}
    for depth in sorted(rows.n_blocks.unique().tolist()):
        layers = rows[rows.n_blocks == depth].sort_values("index").value.to_numpy()
        found[int(depth)] = pd.Series(layers, np.linspace(0, 1, len(layers)))
    return found


def depth_changes(table: Table, step: int) -> pd.Series:
    """Return the largest change of a layer's rms, at the same l/L, from depth L to 2L, by L."""
    layers = {depth: of.to_numpy() for depth, of in layers_of_depths(table, step).items()}
    return pd.Series(
        {depth: float(np.abs(layers[2 * depth][::2] - of).max()) for depth, of in layers.items() if 2 * depth in layers}
    )


def rate_by_doublings(table: Table) -> Estimate:
    """Return the exponent in the depth of these changes after the last step shown, by the last two doublings."""
    changes = depth_changes(table, SHOWN[-1])
    if len(changes) < 2:
        raise NotTestableError("An exponent of changes of depths needs three depths that double.")
    rates = np.diff(np.log2(changes.to_numpy()))[-2:]
    return Estimate(float(rates[-1]), float(rates.min()), float(rates.max()), 1)


def diversity_exponents(table: Table, activation: str, step: int) -> pd.DataFrame:
    """Return for every net the exponent in ε of the distance of layers ε L apart, from 1/L to 1/8.

    Beyond, layers of the branches that the paper takes have grown by more than a factor e.
    """
    rows = table.at(activation=activation, step=step).nets("distance")
    near = rows[rows["index"] <= rows.n_blocks / 8].rename(columns={"index": "gap"})
    found = {depth: slopes_by_seed(of_depth, x="gap", log_y=True) for depth, of_depth in near.groupby("n_blocks")}
    return pd.concat(found, names=["n_blocks"]).rename("value").reset_index()


def deepest_exponent(table: Table, activation: str) -> Estimate:
    """Return that exponent of the deepest nets after training."""
    exponents = diversity_exponents(table, activation, table.values("step")[-1])
    return mean_over_seeds(exponents[exponents.n_blocks == exponents.n_blocks.max()].value.to_numpy())


def optima(table: Table, axis: str = "n_blocks") -> pd.DataFrame:
    """Return the best rate of every depth, or of every other value of ``axis``; see ``lr_optimum``."""
    return optimum_table(table, axis=axis, metric=LOSS, chance=CHANCE)


def rate_drift(table: Table) -> Estimate:
    """Return the change of log₂ of the best learning rate per doubling of the depth."""
    return drift(table, axis="n_blocks", metric=LOSS, chance=CHANCE)


def loss_change(table: Table) -> Estimate:
    """Return the change of the log of the loss at the best rate per doubling of the depth."""
    return best_loss_change(table, axis="n_blocks", metric=LOSS, chance=CHANCE)


def losses_at_best(table: Table) -> pd.DataFrame:
    """Return every net's loss at the rate of the grid that is best for its depth: columns n_blocks, lr, seed, value.

    Of nets that say nothing as well, which their loss tells.
    """
    return best_losses(table, axis="n_blocks", metric=LOSS)


def apart_at_largest(table: Table, other: Table, *, layers_a_block: tuple[int, int] = (1, 1)) -> np.ndarray:
    """Return by how much the log of the best loss in ``table`` is above that in ``other``, nets of one seed [seeds].

    At the largest depth, counted in layers, that both have, of the seeds that both have.
    """
    columns = []
    for each, n in zip((table, other), layers_a_block, strict=True):
        rows = losses_at_best(each)
        layers = rows.assign(n_layers=n * rows.n_blocks, log_loss=np.log(rows.value))
        columns.append(layers.pivot_table(index="n_layers", columns="seed", values="log_loss"))
    here, there = columns[0].align(columns[1], join="inner")
    if here.empty:
        raise NotTestableError("The two have no number of layers, or no seed, in common.")
    return (here - there).loc[here.index.max()].to_numpy()


def best_rate(table: Table) -> float:
    """Return the rate of a grid over multipliers that is best at the base depth, with its best multiplier."""
    best = optimum_table(table.at(n_blocks=BASE_DEPTH), axis="branch_multiplier", metric=LOSS)
    if best.empty:
        raise NotTestableError("At the base depth every seed trains at no rate.")
    return float(best.grid_lr.iloc[int(best.loss.argmin())])


def over_multipliers(table: Table) -> Table:
    """Return the nets of that rate with the block multiplier in its place, to find the best one."""
    frame = table.at(lr=best_rate(table)).frame
    return Table(frame.assign(lr=frame.branch_multiplier), table.name)


def in_standard(table: Table) -> Table:
    """Return nets of Depth-μP under the multipliers and rates that they have in the standard parametrization.

    With a (L/L0)^(−1/2) and η (L/L0)^(−1/2) in the place of a and η the two are the same nets.
    """
    factor = (table.frame.n_blocks / BASE_DEPTH) ** -0.5
    return Table(
        table.frame.assign(branch_multiplier=factor * table.frame.branch_multiplier, lr=factor * table.frame.lr),
        table.name,
    )


def multiplier_drift(table: Table) -> Estimate:
    """Return the change of log₂ of the best block multiplier, at that rate, per doubling of the depth from L0 on."""
    deep = table.at(n_blocks=[depth for depth in table.values("n_blocks") if depth >= BASE_DEPTH])
    return rate_drift(over_multipliers(deep))


def ridge_slope(table: Table, multipliers: tuple[float, ...]) -> Estimate:
    """Return the slope of log₂ of the best learning rate on log₂ of the block multiplier, of one depth."""
    chosen = table.at(branch_multiplier=multipliers)
    return drift(chosen, axis="branch_multiplier", metric=LOSS, chance=CHANCE)
