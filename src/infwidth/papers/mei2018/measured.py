"""What figures and claims share."""

import pandas as pd

from infwidth.analysis.table import Table


def initial_risk(table: Table) -> float:
    """Return the risk of the limit before training, the same for all widths."""
    return float(table.at(step=0).limit("limit_risk").value.iloc[0])


def gap_of_reduced(table: Table) -> pd.DataFrame:
    """Return for every dimension the mean over time of the absolute difference of the reduced risk from the exact."""
    rows = table.limit("risk", "reduced_risk")
    risks = rows.pivot_table(index=["dimension", "step"], columns="metric", values="value")
    gap = (risks.reduced_risk - risks.risk).abs()
    return gap.groupby("dimension").mean().rename("value").reset_index()


def final_risks(table: Table) -> pd.DataFrame:
    """Return the final risk of every net with what limits have at the same ``separation``.

    Columns ``limit_risk`` (at the end), ``least_risk`` and ``one_radius_risk``.
    """
    rows = table.at_end().nets("risk")
    for metric in ("limit_risk", "least_risk", "one_radius_risk"):
        of = table.at_end().limit(metric).groupby("separation").value.first()
        rows[metric] = rows.separation.map(of)
    return rows
