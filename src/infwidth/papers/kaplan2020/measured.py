"""What figures and claims share."""

import pandas as pd

from infwidth.analysis.table import Table


def losses(table: Table, rule: str) -> pd.DataFrame:
    """Return test losses of a rule with their number of ``examples``."""
    rows = table.at(rule=rule).nets("test_loss")
    return rows.assign(examples=rows["index"])
