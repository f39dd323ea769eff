"""Claims of the slides: verdicts and geometry are exact; tolerances of measured ones were fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most, equals
from infwidth.analysis.quantities import Exactly, Exponent, Rows, nets
from infwidth.analysis.table import NotTestableError, Tables
from infwidth.papers.yang2021slides import words
from infwidth.papers.yang2021slides.measured import ntk_distances, program_distances
from infwidth.topics.dichotomy.measures import VANISHES, named_points
from infwidth.topics.gauge_orbits.measures import difference_from_start

#: Of the exponent −1/2, and of trajectories of one training in two gauges (reading notes, oracles 5 and 1).
TOLERANCE = 0.1
PRECISION = 1e-10

_EXACT = "Exact rational arithmetic; the interval is the number itself."
#: What the slides say of each, with one hidden layer and with more.
_VERDICTS = {
    "sp": ("unstable", "unstable"),
    "sp_lr": ("kernel", "kernel"),
    "ntk": ("kernel", "kernel"),
    "mf_as_written": ("feature learning", VANISHES),
    "mup": ("feature learning", "feature learning"),
}


def _wrong_verdicts(tables: Tables) -> int:
    points = named_points(tables["depths"].at(rule=tuple(_VERDICTS)))
    if missing := sorted({*_VERDICTS} - {rule for rule, _ in points}):
        raise NotTestableError(f"The table of depths has no {', '.join(missing)}.")
    return sum(point.fate != _VERDICTS[rule][n_hidden > 1] for (rule, n_hidden), point in points.items())


def _differences(tables: Tables, moved: str) -> pd.Series:
    """Return for every rule the largest relative difference of outputs from those at θ = 0."""
    return difference_from_start(tables[moved], tables["gauge_orbit"]).groupby("rule").value.max()


def _of_activation(activation: str) -> Rows:
    def rows(tables: Tables) -> pd.DataFrame:
        found = program_distances(tables, "compiled_mlp")
        return found[found.activation == activation]

    return rows


def _of_program(program: str) -> Rows:
    return lambda tables: program_distances(tables, program)


#: Claim → what is trained, and the distances of its nets from the compiled limit.
_PROGRAMS: dict[str, tuple[str, Rows]] = {
    **{
        f"sgd_{activation}_converges": (f"MLPs of {words} trained by SGD", _of_activation(activation))
        for activation, words in {"relu": "ReLU", "tanh": "tanh", "gelu": "GELU"}.items()
    },
    "momentum_converges": ("MLPs trained with momentum", _of_program("compiled_momentum")),
    "adam_converges": ("MLPs trained by Adam", _of_program("compiled_adam")),
    "residual_converges": ("Residual MLPs", _of_program("compiled_residual")),
    "transformer_converges": ("Transformers", _of_program("compiled_transformer")),
}

CLAIMS = (
    Claim(
        "verdicts_at_any_depth",
        "table_abc",
        says="SP at rate 1/n and NTP are kernels, μP learns features and SP is unstable at any depth; mean field, 1/n "
        "in every layer, learns features with one hidden layer only.",
        measured=Exactly("verdicts that differ, of 20,", _wrong_verdicts),
        expected=equals(0),
        note=f"{_EXACT} 1, 2, 3 and 5 hidden layers. With more than one, activations of mean field vanish at "
        "initialization: the cross in the slides' row 'any depth'. Before, mean field was continued in the gauge of "
        "μP, 1/√n between hidden layers, which learns features at any depth and is not what the slides have.",
    ),
    Claim(
        "finite_nets_converge",
        "linear_limit",
        says="Linear μP nets converge to the infinite net given by A, B, C, D, as n^(−1/2).",
        measured=Exponent("the deviation of trained nets", nets("linear_limit", "trained_deviation")),
        expected=about(-1 / 2, within=TOLERANCE),
    ),
    Claim(
        "sampled_nets_converge",
        "linear_limit",
        says="Nets of neurons drawn from the infinite linear μP net after its training converge to it as n^(−1/2).",
        measured=Exponent("the deviation of nets drawn from the limit", nets("linear_limit", "sampled_deviation")),
        expected=about(-1 / 2, within=TOLERANCE),
    ),
    Claim(
        "gauge_keeps_the_function",
        "degeneracy",
        says="Changing a, b, c to a + θ, b − θ, c − 2θ leaves the function unchanged at all times of training.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps",
            lambda tables: _differences(tables, "gauge_orbit").max(),
        ),
        expected=at_most(PRECISION),
        note="θ from −2 to 2, same initial normals, double precision; the interval is the number itself.",
    ),
    Claim(
        "rate_has_to_follow",
        "degeneracy",
        says="Changing a, b to a + θ, b − θ does not leave the function unchanged if c stays where it was.",
        measured=Exactly(
            "largest relative difference of outputs in 20 steps, of the parametrization with the smallest,",
            lambda tables: _differences(tables, "forgotten_rate").min(),
        ),
        expected=above(1e-3),
        note="θ = 1/8; the smallest of NTP and μP.",
    ),
    *(
        Claim(
            name,
            "tensor_program",
            says=f"{words} in μP converge to the limit that their tensor program is compiled to, as n^(−1/2).",
            measured=Exponent("the distance of single nets from the limit", rows),
            expected=about(-1 / 2, within=TOLERANCE),
            note="Over 8 followed outputs and all evaluations. The limit is sampled; its error is drawn in the figure.",
        )
        for name, (words, rows) in _PROGRAMS.items()
    ),
    Claim(
        "ntk_nets_stay_away",
        "tensor_program",
        says="Nets in the NTK parametrization do not converge to the limit of those in μP.",
        measured=Exponent("the distance of NTK nets from the μP limit", ntk_distances),
        expected=above(-0.1),
        note="Control of the claims of convergence: the same nets, images and steps.",
    ),
    *words.CLAIMS,
)
