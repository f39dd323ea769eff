"""Theory against simulation, and the largest learning rate. Thresholds are the theory's exponents."""

from collections.abc import Callable

from infwidth.analysis.claims import Claim, Tables
from infwidth.analysis.statistics import Estimate, exponent, rms_exponent
from infwidth.papers.yang2021.measured import largest_rates

_STABLE = (
    "Stable: training does not diverge up to that rate; rates differ by factors of two. A bound on the final loss was "
    "dropped after a first look, because slow training broke it too."
)

#: Finite nets deviate from the limit by N^-1/2.
CENTRAL_LIMIT = (-0.6, -0.4)


def _deviation(experiment: str, decoupled: bool | None) -> Callable[[Tables], Estimate]:
    def measure(tables: Tables) -> Estimate:
        table = tables[experiment]
        rows = table[table.metric == "deviation"]
        return rms_exponent(rows if decoupled is None else rows[rows.decoupled == decoupled])

    return measure


def _largest_rate(rule: str) -> Callable[[Tables], Estimate]:
    return lambda tables: exponent(largest_rates(tables["max_lr"], rule))


CLAIMS = (
    Claim(
        figure="max_lr",
        name="sp_max_lr_falls",
        statement="In SP the largest learning rate that trains falls as 1/width.",
        expected="exponent of the largest stable rate in width = −1 ± 0.25",
        accept=(-1.25, -0.75),
        measure=_largest_rate("sp"),
        note=_STABLE + " A likely reason for a smaller exponent, not tested: the first layer's curvature does not grow "
        "with width, so the law needs widths at which that of the other layers dominates.",
    ),
    Claim(
        figure="max_lr",
        name="mup_max_lr_stays",
        statement="In μP the largest learning rate that trains does not depend on the width.",
        expected="exponent of the largest stable rate in width = 0 ± 0.25",
        accept=(-0.25, 0.25),
        measure=_largest_rate("mup"),
        note=_STABLE,
    ),
    *(
        Claim(
            figure="fig4",
            name=name,
            statement=f"Finite {nets} approach their infinite-width limit.",
            expected="deviation of the output after the last step falls with width: exponent −1/2 ± 0.1",
            accept=CENTRAL_LIMIT,
            measure=_deviation(experiment, decoupled),
        )
        for name, nets, experiment, decoupled in (
            ("linear_depth1_converges", "linear nets with one hidden layer", "linear_depth1", None),
            ("linear_depth2_converges", "linear nets with two hidden layers", "linear_depth2", False),
            ("linear_decoupled_converges", "linear nets with decoupled backpropagation", "linear_depth2", True),
            ("square_depth1_converges", "quadratic nets with one hidden layer", "square_depth1", None),
            ("square_depth2_converges", "quadratic nets with two hidden layers", "square_depth2", False),
            ("square_decoupled_converges", "quadratic nets with decoupled backpropagation", "square_depth2", True),
        )
    ),
)
