"""Theory against simulation, and the largest learning rate. Thresholds are the theory's exponents."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exponent, nets
from infwidth.analysis.statistics import rms_exponent
from infwidth.papers.yang2021.measured import MAX_LR


def _rate(metric: str, rule: str) -> Exponent:
    words = {"largest_rate": "the largest rate that trains", "linear_threshold": "2/λ of the tangent kernel"}
    return Exponent(words[metric], nets(MAX_LR[rule], metric))


_TRAINS = (
    "Trains: the loss stays finite and falls, and the net is not dead. Setting and statistic were corrected "
    "after seeing: before, rates of factors of two, widths 64 to 1024 and a read-in learning as all others, "
    "so that the curvature of the pixels hid that of the width;"
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
        measured=_rate("largest_rate", "sp"),
        expected=about(-1, within=0.25),
        note=f"{_TRAINS} −0.575 (−0.81 … −0.34).",
    ),
    Claim(
        "mup_max_lr_stays",
        "max_lr",
        says="In μP the largest learning rate that trains does not depend on the width.",
        measured=_rate("largest_rate", "mup"),
        expected=about(0, within=0.25),
        control=_rate("largest_rate", "sp"),
        note=f"{_TRAINS} −0.05 (−0.21 … 0.11).",
    ),
    Claim(
        "sp_linear_threshold_falls",
        "max_lr",
        says="In SP the rate at which gradient descent on the linearized net turns unstable falls as 1/width.",
        measured=_rate("linear_threshold", "sp"),
        expected=about(-1, within=0.05),
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
