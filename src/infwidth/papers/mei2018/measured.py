"""What figures and claims share."""

import pandas as pd


def at_the_end(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last step."""
    return table[table.step == table.step.max()]


def initial_risk(table: pd.DataFrame) -> float:
    """Return the risk of the limit before training, the same for all widths."""
    return float(table[(table.metric == "limit_risk") & (table.step == 0)].value.iloc[0])


def gap_of_reduced(table: pd.DataFrame) -> pd.DataFrame:
    """Return for every dimension the largest difference over time of the reduced risk from the exact one."""
    risks = table.pivot_table(index=["dimension", "step"], columns="metric", values="value")
    gap = (risks.reduced_risk - risks.risk).abs()
    return gap.groupby("dimension").max().rename("value").reset_index()
