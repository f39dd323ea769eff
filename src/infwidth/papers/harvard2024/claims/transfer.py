"""Learning rates over widths and depths. Tolerance: one step of the grid, a factor of two, over three doublings."""

import math
from collections.abc import Callable

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.statistics import Estimate, exact
from infwidth.papers.harvard2024.measured import AXES, OPTIMIZERS

STAYS = (-1 / 3, 1 / 3)


def _drift(rule: str, axis: str, optimizer: str) -> Callable[[Tables], Estimate]:
    return lambda tables: drift(tables[f"{rule}_{axis}_{optimizer}"], axis=AXES[axis][0], metric="train_loss")


def _difference_at_base(optimizer: str) -> Callable[[Tables], Estimate]:
    def measure(tables: Tables) -> Estimate:
        sides = []
        for rule in ("sp", "mup"):
            table = tables[f"{rule}_widths_{optimizer}"]
            base = table[table.width == table.width.min()]
            sides.append(base.set_index(["lr", "seed", "step", "metric", "layer", "index"]).value)
        if sides[0].empty or not sides[0].index.equals(sides[1].index):
            raise NotTestableError("The two parametrizations were not measured at the same rates.")
        return exact(float((sides[0] - sides[1]).abs().max()), n=len(sides[0]))

    return measure


CLAIMS = (
    *(
        Claim(
            figure="sp_no_transfer",
            name=f"sp_optimum_moves_with_{noun}_{optimizer}",
            statement=f"In PyTorch's default parametrization the best learning rate of {label} moves with {noun}.",
            expected=f"log₂ of the best rate falls with {noun}: change per doubling < 0",
            accept=(-math.inf, 0.0),
            measure=_drift("sp", axis, optimizer),
        )
        for axis, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            figure="depth_mup_transfer",
            name=f"depth_mup_optimum_stays_over_{noun}_{optimizer}",
            statement=f"In μP with branches divided by √L the best learning rate of {label} does not move with {noun}.",
            expected=f"change of log₂ of the best rate per doubling of the {noun} = 0 ± 1/3",
            accept=STAYS,
            measure=_drift("mup", axis, optimizer),
            note="One step of the grid over the three doublings of the laptop scale.",
        )
        for axis, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            figure="depth_mup_transfer",
            name=f"base_identical_{optimizer}",
            statement=f"At the base width and depth both parametrizations are the same net ({label}).",
            expected="largest difference of any measured number = 0, bit for bit",
            accept=(0.0, 0.0),
            measure=_difference_at_base(optimizer),
        )
        for optimizer, label in OPTIMIZERS.items()
    ),
)
