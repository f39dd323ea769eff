"""What solvers of the limit cost."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most
from infwidth.analysis.quantities import Exactly
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2022.measured import (
    cost_exponents,
)


def _cost(tables: Tables, *, table: str, metric: str, size: str) -> float:
    return float(cost_exponents(tables[table]).set_index(["metric", "layer"]).value[metric, size])


CLAIMS = tuple(
    Claim(
        f"{name}_of_{table}",
        "table1",
        says=says,
        measured=Exactly(words, partial(_cost, table=table, metric=metric, size=size)),
        expected=expected,
        note="Counted on growing sizes; lower orders are in it.",
    )
    for table, metric, size, name, says, words, expected in (
        (
            "costs", "operations", "size", "width",
            "Operations of the training of a net grow with the square of its width.",
            "exponent in the width of the operations of a training", about(2, within=0.1),
        ),
        (
            "costs", "peak", "size", "memory",
            "Memory of a net grows with the square of its width.",
            "exponent in the width of the memory of a training", about(2, within=0.1),
        ),
        (
            "alternating_costs", "operations", "examples", "examples",
            "Operations of the mean field theory grow with the cube of the number of examples.",
            "exponent in P of the operations of a sweep", about(3, within=0.25),
        ),
        (
            "alternating_costs", "operations", "steps", "steps",
            "Operations of the mean field theory grow with the cube of the number of steps.",
            "exponent in T of the operations of a sweep", about(3, within=0.25),
        ),
        (
            "alternating_costs", "peak", "examples", "memory",
            "Memory of the mean field theory grows with the square of the number of examples.",
            "exponent in P of the memory of a solution", about(2, within=0.25),
        ),
        (
            "program_costs", "operations", "size", "neurons",
            "Operations of a tensor program grow in proportion to its sampled neurons.",
            "exponent in the neurons of the operations of a training", about(1, within=0.1),
        ),
        (
            "program_costs", "operations", "steps", "steps",
            "Operations of a tensor program grow with at most the square of the number of steps.",
            "exponent in T of the operations of a training", at_most(2.1),
        ),
    )
)  # fmt: skip
