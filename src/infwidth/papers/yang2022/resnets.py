"""What the sweep of ResNets measures, shared by its figure and claims."""

from typing import Any

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.lr_optimum import drift, nets_at_best
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.yang2022.sweeps import LOSS, by_setting, of_rates
from infwidth.topics.lr_transfer.measures import at_tuned_rate, tuned_rate

#: How sweeps are read.
SWEPT: dict[str, Any] = {"metric": LOSS, "chance": TEN_CLASSES["cross_entropy"]}


def moves(sweep: Table, *, rule: str, name: str) -> Estimate:
    """Return the change of log₂ of the best value of a hyperparameter ("lr", "output_multiplier") per doubling."""
    return drift(by_setting(sweep.at(rule=rule), name), **SWEPT, allow_edges=rule == "sp")


def at_base_rate(sweep: Table, *, rule: str) -> pd.DataFrame:
    """Return log of the train losses of all nets of a rule at the base net's best rate: width, lr, seed, value."""
    return at_tuned_rate(of_rates(sweep.at(rule=rule)), **SWEPT)


def transferred(sweep: Table) -> pd.DataFrame:
    """Return test accuracies at the base net's best rate: columns rule, width, seed, value.

    The base net is the same under all rules. A net that diverged has that of a guess.
    """
    base = sweep.at(width=min, index=0)
    lr = tuned_rate(of_rates(base.at(rule=base.values("rule")[0])), **SWEPT)
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
    last = sweep.values("width")[-2:]
    nets = nets_at_best(sweep.at(rule="sp", width=last, index=0), **SWEPT)
    if len(last) < 2 or nets.values("width") != last:
        raise NotTestableError("The two widest nets do not both train at some rate with every seed.")
    losses = nets.nets("test_loss").pivot_table(index="seed", columns="width", values="value")
    return np.log((losses[last[1]] / losses[last[0]]).to_numpy())
