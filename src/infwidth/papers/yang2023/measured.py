"""What figures and claims share: exponents on the plane, errors of finite nets, curves over rates, diversity."""

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, mean_over_seeds, slopes_by_seed
from infwidth.analysis.table import NotTestableError, Table, Tables

#: The steps after which layers are shown.
SHOWN = (1, 5, 10)


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
