"""Learning rates over widths and depths: where the best one goes, and how good the nets are with it."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, below
from infwidth.analysis.lr_optimum import best_loss_change, drift
from infwidth.analysis.quantities import Estimated, on
from infwidth.papers.harvard2024.measured import AXES, CHANCE, OPTIMIZERS


def _drift(rule: str, sweep: str, optimizer: str) -> Estimated:
    axis, noun = AXES[sweep]
    measure = partial(drift, axis=axis, metric="train_loss", chance=CHANCE)
    return Estimated(
        f"change of log₂ of the best rate per doubling of the {noun}", on(f"{rule}_{sweep}_{optimizer}", measure)
    )


def _best_loss(rule: str, optimizer: str) -> Estimated:
    measure = partial(best_loss_change, axis="n_blocks", metric="train_loss", chance=CHANCE)
    return Estimated(
        "change of the log of the lowest train loss of any rate per doubling of the depth",
        on(f"{rule}_depths_{optimizer}", measure),
    )


_BETA = "Branches were six times larger before, and deep nets in PyTorch's default started from losses of 66 and more:"
_STEP = "Tolerance: one step of the grid over three doublings."
_CONTROL = "but the control did not move either."
_NOTES = {
    "sp_width_sgd": "A setting was changed: before, with a read-in that learned as fast as all others, +0.10 (−0.05 … "
    "0.26) over widths 32 to 256. At its best rate SGD is beyond the linear threshold, where nets first go to a "
    "flatter place; the largest rate that trains, which falls with width, is in Tensor Programs IV, max_lr.",
    "sp_depth_sgd": f"{_BETA} −1.99 (−2.13 … −1.85) then.",
    "sp_depth_adam": f"{_BETA} −0.03 (−0.15 … 0.09) then.",
    "mup_width_sgd": f"{_STEP} With a read-in that learned as fast as all others +0.16 (0.06 … 0.27) over widths 32 to "
    f"256, {_CONTROL}",
    "mup_width_adam": f"{_STEP} Over widths 32 to 256, below what Tensor Programs V recommends, −0.30 (−0.41 … −0.19).",
    "mup_depth_sgd": f"{_STEP} With branches six times larger −0.23 (−0.44 … −0.03).",
    "mup_depth_adam": f"{_STEP} With branches six times larger +0.08 (−0.07 … 0.23), {_CONTROL}",
}

CLAIMS = (
    *(
        Claim(
            f"sp_optimum_falls_with_{noun}_{optimizer}",
            "sp_no_transfer",
            says=f"In PyTorch's default parametrization the best learning rate of {label} falls with {noun}.",
            measured=_drift("sp", sweep, optimizer),
            expected=below(0),
            note=_NOTES.get(f"sp_{noun}_{optimizer}", ""),
        )
        for sweep, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            f"sp_worse_with_depth_{optimizer}",
            "sp_no_transfer",
            says=f"In PyTorch's default parametrization deeper nets train worse with {label}, each at its best rate.",
            measured=_best_loss("sp", optimizer),
            expected=above(0),
        )
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            f"depth_mup_optimum_stays_over_{noun}_{optimizer}",
            "depth_mup_transfer",
            says=f"In μP with branches divided by √L the best learning rate of {label} does not move with {noun}.",
            measured=_drift("mup", sweep, optimizer),
            expected=about(0, within=1 / 3),
            control=_drift("sp", sweep, optimizer),
            note=_NOTES[f"mup_{noun}_{optimizer}"],
        )
        for sweep, (_, noun) in AXES.items()
        for optimizer, label in OPTIMIZERS.items()
    ),
    *(
        Claim(
            f"depth_mup_no_worse_with_depth_{optimizer}",
            "depth_mup_transfer",
            says=f"In μP with branches divided by √L deeper nets train no worse with {label}, each at its best rate.",
            measured=_best_loss("mup", optimizer),
            expected=at_most(0.1),
            control=_best_loss("sp", optimizer),
            note="At most a tenth a doubling, which seeds that scatter by a tenth can tell over three doublings.",
        )
        for optimizer, label in OPTIMIZERS.items()
    ),
)
