"""Claims of the Harvard post. Thresholds are signs and equalities, fixed before the first run."""

import math

import pandas as pd

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, change_per_doubling, exact


def _final_test_loss(tables: Tables, rule: str) -> pd.DataFrame:
    table = tables["width_sweep"]
    return table[
        (table.metric == "test_loss") & (table.seed >= 0) & (table.rule == rule) & (table.step == table.step.max())
    ]


def _loss_per_doubling(tables: Tables, rule: str) -> Estimate:
    return change_per_doubling(_final_test_loss(tables, rule))


def _largest_difference_at_base_width(tables: Tables) -> Estimate:
    table = tables["width_sweep"]
    base = table[(table.width == table.width.min()) & (table.seed >= 0)]
    keys = ["lr", "seed", "step", "metric", "layer", "index"]
    sides = [base[base.rule == rule].set_index(keys).value for rule in ("ntk", "mup")]
    if len(sides[0]) == 0 or not sides[0].index.equals(sides[1].index):
        raise NotTestableError("The two rules were not measured at the same steps.")
    difference = float((sides[0] - sides[1]).abs().max())
    return exact(difference, base.seed.nunique())


CLAIMS = (
    Claim(
        figure="ntk_vs_width",
        name="ntk_wider_is_worse",
        statement="In the NTK parametrization, at fixed hyperparameters and steps, wider networks have higher loss.",
        expected="final test loss rises with width: slope per doubling > 0",
        accept=(0.0, math.inf),
        measure=lambda tables: _loss_per_doubling(tables, "ntk"),
    ),
    Claim(
        figure="mup_vs_ntk",
        name="mup_wider_is_better",
        statement="In μP, at fixed hyperparameters and steps, wider networks have lower loss.",
        expected="final test loss falls with width: slope per doubling < 0",
        accept=(-math.inf, 0.0),
        measure=lambda tables: _loss_per_doubling(tables, "mup"),
    ),
    Claim(
        figure="mup_vs_ntk",
        name="base_width_identical",
        statement="At the base width the dynamics are identical in both parametrizations by construction.",
        expected="largest difference of any measured number = 0, bit for bit",
        accept=(0.0, 0.0),
        measure=_largest_difference_at_base_width,
        note="Two separate trainings; not a statistical statement, so the interval is the number itself.",
    ),
)
