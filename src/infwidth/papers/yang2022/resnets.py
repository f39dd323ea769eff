"""What the sweep of ResNets measures, shared by its figure and claims."""

import numpy as np
import pandas as pd

from infwidth.analysis.lr_optimum import drift, optima
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.yang2022.sweeps import LOSS, by_setting, of_rates
from infwidth.topics.lr_transfer.measures import at_tuned_rate, tuned_rate

#: Loss of nets that say nothing about ten classes.
CHANCE = float(np.log(10))


def moves(sweep: Table, *, rule: str, name: str) -> Estimate:
    """Return the change of log₂ of the best value of a hyperparameter ("lr", "output_multiplier") per doubling."""
    return drift(by_setting(sweep.at(rule=rule), name), metric=LOSS, chance=CHANCE, allow_edges=rule == "sp")


def at_base_rate(sweep: Table, *, rule: str) -> pd.DataFrame:
    """Return log of the train losses of all nets of a rule at the base net's best rate: width, lr, seed, value."""
    return at_tuned_rate(of_rates(sweep.at(rule=rule)), metric=LOSS, chance=CHANCE)


def transferred(sweep: Table) -> pd.DataFrame:
    """Return test accuracies at the base net's best rate: columns rule, width, seed, value.

    The base net is the same under all rules. A net that diverged has that of a guess.
    """
    base = sweep.at(width=min, index=0)
    lr = tuned_rate(of_rates(base.at(rule=base.values("rule")[0])), metric=LOSS, chance=CHANCE)
    nets = sweep.at(lr=lr, index=0)
    found = nets.nets("test_accuracy")
    lost = nets.diverged().assign(value=0.1)
    return pd.concat([found, lost])[["rule", "width", "seed", "value"]]


def mup_over_sp(sweep: Table) -> np.ndarray:
    """Return the test accuracy of the widest nets in μP less that in SP, both at the base net's best rate, by seed."""
    found = transferred(sweep.at(width=(min(sweep.values("width")), max(sweep.values("width")))))
    widest = found[found.width == found.width.max()].pivot_table(index="seed", columns="rule", values="value")
    return (widest["mup"] - widest["sp"]).to_numpy()


def widest_over_half(sweep: Table) -> np.ndarray:
    """Return log of the test loss of the widest nets in SP over that of the next narrower, a number a seed.

    Each width is at the rate of the grid with its lowest mean train loss. Raises NotTestableError where one trains at
    none.
    """
    nets = sweep.at(rule="sp")
    best = {found.at: found.grid_lr for found in optima(of_rates(nets), metric=LOSS, chance=CHANCE)}
    last = nets.values("width")[-2:]
    if len(last) < 2 or not set(last) <= set(best):
        raise NotTestableError("The two widest nets do not both train at some rate with every seed.")
    narrow, wide = (
        nets.at(width=width, lr=best[width], index=0).nets("test_loss").set_index("seed").value for width in last
    )
    return np.log((wide / narrow).to_numpy())
