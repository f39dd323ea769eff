"""Theory against simulation, and the largest learning rate. Thresholds are the theory's exponents."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exponent, nets, on
from infwidth.analysis.statistics import rms_exponent
from infwidth.papers.yang2021.measured import largest_rates

_STABLE = (
    "Stable: training does not diverge up to that rate; rates differ by factors of two. A bound on the final loss was "
    "dropped after a first look, because slow training broke it too."
)

#: Nets, the start of their claims' names, their experiment, and whether backpropagation is decoupled (where swept).
_NETS: tuple[tuple[str, str, str, dict[str, bool]], ...] = (
    ("linear nets with one hidden layer", "linear_depth1", "linear_depth1", {}),
    ("linear nets with two hidden layers", "linear_depth2", "linear_depth2", {"decoupled": False}),
    ("linear nets with decoupled backpropagation", "linear_decoupled", "linear_depth2", {"decoupled": True}),
    ("quadratic nets with one hidden layer", "square_depth1", "square_depth1", {}),
    ("quadratic nets with two hidden layers", "square_depth2", "square_depth2", {"decoupled": False}),
    ("quadratic nets with decoupled backpropagation", "square_decoupled", "square_depth2", {"decoupled": True}),
)

CLAIMS = (
    Claim(
        "sp_max_lr_falls",
        "max_lr",
        says="In SP the largest learning rate that trains falls as 1/width.",
        measured=Exponent("the largest stable rate", on("max_lr", partial(largest_rates, rule="sp"))),
        expected=about(-1, within=0.25),
        note=_STABLE + " A likely reason for a smaller exponent, not tested: the first layer's curvature does not grow "
        "with width, so the law needs widths at which that of the other layers dominates.",
    ),
    Claim(
        "mup_max_lr_stays",
        "max_lr",
        says="In μP the largest learning rate that trains does not depend on the width.",
        measured=Exponent("the largest stable rate", on("max_lr", partial(largest_rates, rule="mup"))),
        expected=about(0, within=0.25),
        note=_STABLE,
    ),
    *(
        Claim(
            f"{name}_converges",
            "fig4",
            says=f"The output of {kind} in μP approaches its infinite-width limit as n^(−1/2).",
            measured=Exponent(
                "the rms deviation of the output after the last step",
                nets(experiment, "deviation", **where),
                estimator=rms_exponent,
            ),
            expected=about(-1 / 2, within=0.1),
        )
        for kind, name, experiment, where in _NETS
    ),
)
