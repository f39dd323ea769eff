"""Learning rates over widths and depths. Tolerance: one step of the grid, a factor of two, over three doublings."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, below
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.quantities import Estimated, on
from infwidth.papers.harvard2024.measured import AXES, OPTIMIZERS


def _drift(rule: str, sweep: str, optimizer: str) -> Estimated:
    axis, noun = AXES[sweep]
    measure = partial(drift, axis=axis, metric="train_loss")
    return Estimated(
        f"change of log₂ of the best rate per doubling of the {noun}", on(f"{rule}_{sweep}_{optimizer}", measure)
    )


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
            f"sp_optimum_falls_with_{noun}_{optimizer}",
            "sp_no_transfer",
            says=f"In PyTorch's default parametrization the best learning rate of {label} falls with {noun}.",
            measured=_drift("sp", sweep, optimizer),
            expected=below(0),
            note=_SP_NOTES.get((noun, optimizer), ""),
        )
        for sweep, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            f"depth_mup_optimum_stays_over_{noun}_{optimizer}",
            "depth_mup_transfer",
            says=f"In μP with branches divided by √L the best learning rate of {label} does not move with {noun}.",
            measured=_drift("mup", sweep, optimizer),
            expected=about(0, within=1 / 3),
            note=_NOTES.get((noun, optimizer), _STEP),
        )
        for sweep, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
)
