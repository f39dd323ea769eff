"""Learning rates over widths and depths. Tolerance: one step of the grid, a factor of two, over three doublings."""

from collections.abc import Callable

from infwidth.analysis.claims import BELOW_ZERO, Claim, Tables
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.statistics import Estimate, exact
from infwidth.papers.harvard2024.measured import AXES, OPTIMIZERS, difference_at_base

STAYS = (-1 / 3, 1 / 3)


def _drift(rule: str, axis: str, optimizer: str) -> Callable[[Tables], Estimate]:
    return lambda tables: drift(tables[f"{rule}_{axis}_{optimizer}"], axis=AXES[axis][0], metric="train_loss")


def _difference_at_base(optimizer: str) -> Callable[[Tables], Estimate]:
    def measure(tables: Tables) -> Estimate:
        difference = difference_at_base(tables[f"sp_widths_{optimizer}"], tables[f"mup_widths_{optimizer}"])
        return exact(difference.max(), n=difference.index.get_level_values("seed").nunique())

    return measure


_DEEP = "At workstation scale the nets of 16 and 32 layers hardly leave chance at any rate: their best says little."
_SP_NOTES = {("depth", "adam"): _DEEP}
_STEP = "One step of the grid over the three doublings of the laptop scale."
_NOTES = {
    ("width", "adam"): f"{_STEP} At workstation scale the optimum falls from width 32 to 128, and from 128 to 512 it "
    "stays: the narrowest nets are far from the limit."
}

CLAIMS = (
    *(
        Claim(
            figure="sp_no_transfer",
            name=f"sp_optimum_falls_with_{noun}_{optimizer}",
            statement=f"In PyTorch's default parametrization the best learning rate of {label} falls with {noun}.",
            expected=f"log₂ of the best rate falls with {noun}: change per doubling < 0",
            accept=BELOW_ZERO,
            measure=_drift("sp", axis, optimizer),
            note=_SP_NOTES.get((noun, optimizer), ""),
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
            note=_NOTES.get((noun, optimizer), _STEP),
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
