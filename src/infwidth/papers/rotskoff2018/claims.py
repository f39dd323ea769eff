"""Claims on the error of n units; the interval is from theory, with a tolerance fixed before running."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exponent, nets

#: Of exponents: training ends before the error of infinitely many units is zero.
RATE = 0.25

CLAIMS = tuple(
    Claim(
        f"error_{activation}",
        "error",
        says=f"The error of a trained net of n {name} units falls as 1/n, as that of n independent ones.",
        measured=Exponent(
            f"the error at the end, {name} units,", nets("spins", "test_error", at_end=True, activation=activation)
        ),
        expected=about(-1, within=RATE),
        note="What is left at infinite width and the noise of SGD bend it up.",
    )
    for activation, name in (("tanh", "tanh"), ("relu", "ReLU"))
)
