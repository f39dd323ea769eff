"""NTK against μP over widths. Thresholds are signs and equalities, fixed before the first run."""

from infwidth.analysis.claims import ABOVE_ZERO, BELOW_ZERO, Claim, Tables
from infwidth.analysis.statistics import Estimate, exact
from infwidth.papers.harvard2024.measured import difference_at_base
from infwidth.topics.consistency.measures import loss_per_doubling


def _loss_per_doubling(tables: Tables, rule: str) -> Estimate:
    table = tables["width_sweep"]
    return loss_per_doubling(table[table.rule == rule])


def _largest_difference_at_base_width(tables: Tables) -> Estimate:
    table = tables["width_sweep"]
    difference = difference_at_base(*(table[table.rule == rule] for rule in ("ntk", "mup")))
    return exact(difference.max(), n=difference.index.get_level_values("seed").nunique())


CLAIMS = (
    Claim(
        figure="ntk_vs_width",
        name="ntk_wider_is_worse",
        statement="In the NTK parametrization, at fixed hyperparameters and steps, wider networks have higher loss.",
        expected="final test loss rises with width: slope per doubling > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: _loss_per_doubling(tables, "ntk"),
    ),
    Claim(
        figure="mup_vs_ntk",
        name="mup_wider_is_better",
        statement="In μP, at fixed hyperparameters and steps, wider networks have lower loss.",
        expected="final test loss falls with width: slope per doubling < 0",
        accept=BELOW_ZERO,
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
