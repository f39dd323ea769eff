"""MLPs against both of their exact limits. Thresholds: signs, and exponents of theory, fixed before running.

A net of N neurons a layer differs from its limit by fluctuations of N^(−1/2). NTK nets continued from a base net that
learns features also have to lose these features, which adds a bias.
"""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import Exponent, Mean, nets
from infwidth.papers.harvard2024.measured import distances_from_limits, ntk_over_mup, of_rule

_RATE = 0.1

CLAIMS = (
    Claim(
        "mlp_mup_approaches_its_limit",
        "two_limits",
        says="μP networks approach their infinite-width limit at practical widths, as N^(−1/2).",
        measured=Exponent(
            "the distance of single μP nets from their limit",
            lambda tables: of_rule(distances_from_limits(tables), "mup"),
        ),
        expected=about(-1 / 2, within=_RATE),
    ),
    Claim(
        "mlp_ntk_stays_far_from_its_limit",
        "two_limits",
        says="NTK networks do not approach their limit at the widths at which μP networks do.",
        measured=Mean(
            "log of the distance of the widest NTK nets from their limit over that of the μP nets", ntk_over_mup
        ),
        expected=above(0),
    ),
    *(
        Claim(
            name,
            "static_features",
            says=says,
            measured=Exponent(of, nets("kernel_descent", metric, rule=rule, layer=layer)),
            expected=about(power, within=_RATE),
        )
        for name, says, of, metric, rule, layer, power in (
            (
                "ntk_weights_hardly_move",
                "In the NTK parametrization hidden weights of order one change by 1/N.",
                "the change of hidden weights in NTP",
                "entry_change",
                "ntk",
                "h2",
                -1.0,
            ),
            (
                "mup_weights_move_more",
                "In μP hidden weights change by N^(−1/2) of their size (the control of the claim on NTP).",
                "the relative change of hidden weights in μP",
                "entry_change",
                "mup",
                "h2",
                -1 / 2,
            ),
            (
                "ntk_features_hardly_move",
                "In the NTK parametrization preactivations change by N^(−1/2).",
                "the relative change of the last hidden layer in NTP",
                "relative_change",
                "ntk",
                "h2",
                -1 / 2,
            ),
            (
                "mup_features_move",
                "In μP preactivations change by order one (the control of the claim on NTP).",
                "the relative change of the last hidden layer in μP",
                "relative_change",
                "mup",
                "h2",
                0.0,
            ),
            (
                "initial_kernel_is_that_of_the_limit",
                "At infinite width the initial kernel does not depend on the draw of the weights.",
                "the distance of initial kernels from the infinite net's",
                "kernel_deviation",
                "ntk",
                "",
                -1 / 2,
            ),
        )
    ),
)
