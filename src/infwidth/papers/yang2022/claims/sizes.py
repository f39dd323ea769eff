"""The best learning rate in μP over sizes other than width and depth: a third of an octave a doubling is allowed."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Estimated, on
from infwidth.papers.yang2022.claims.transformer_rates import IN_SP
from infwidth.papers.yang2022.sweeps import size_drift

#: Table → figure, the axis and what it is called.
_SIZES = {
    "mlp_ratios": ("fig12", "mlp_ratio", "width of the MLPs"),
    "heads": ("fig12", "n_heads", "number of heads"),
    "batches": ("fig19", "batch_factor", "batch size"),
    "contexts": ("fig19", "context", "length of the texts"),
    "durations": ("fig19", "steps_factor", "number of steps"),
}

CLAIMS = tuple(
    Claim(
        f"rate_stays_over_{axis}",
        figure,
        says=f"In μP the best learning rate of transformers hardly moves with the {noun}.",
        measured=Estimated(
            f"change of log₂ of the best learning rate per doubling of the {noun} in μP",
            on(table, partial(size_drift, axis=axis)),
        ),
        expected=about(0, within=1 / 3),
        control=IN_SP,
        note="The control is the best rate over widths in SP."
        + (
            " Nets of so few steps have not learned the text; the paper asks for thousands."
            if table == "durations"
            else ""
        ),
    )
    for table, (figure, axis, noun) in _SIZES.items()
)
