"""The paper's tables of exponents: derived, and equal as trainings."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import at_most, equals
from infwidth.analysis.quantities import Exactly, Extreme
from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.measured import differing_exponents, form_differences

#: Of trajectories in double precision, relative to the outputs' size.
PRECISION = 1e-12
_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}


def _differing(tables: Tables) -> int:
    found = differing_exponents(tables["formulations"])
    return int(found.value.sum())


def _largest(optimizer: str, tables: tuple[str, ...]) -> Extreme:
    def rows(of: Tables) -> pd.DataFrame:
        found = form_differences(of["formulations"])
        return found[(found.optimizer == optimizer) & found.layer.isin(tables)]

    return Extreme("relative difference of a training's outputs from those of Table 3's form", rows)


CLAIMS = (
    Claim(
        "printed_exponents_are_derived",
        "tables_scaling",
        says="The desiderata of stable feature learning give the exponents that Tensor Programs V prints in its Tables "
        "3, 8 and 9, for SGD and for Adam.",
        measured=Exactly("entries of the printed tables that differ from the derived ones", _differing),
        expected=equals(0),
        note="Exact rational arithmetic on 3 tables, 3 kinds of weights, 3 exponents and 2 optimizers.",
    ),
    *(
        Claim(
            f"formulations_are_equal_{optimizer}",
            "tables_scaling",
            says=f"Tables 3, 8 and 9 of Tensor Programs V are one parametrization: with {label} their nets are "
            "the same at every step.",
            measured=_largest(optimizer, ("table_8", "table_9")),
            expected=at_most(PRECISION),
            control=_largest(optimizer, ("sp",)),
        )
        for optimizer, label in _OPTIMIZERS.items()
    ),
)
