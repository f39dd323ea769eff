"""What the figure and the claim share."""

import pandas as pd

from infwidth.analysis.table import Table


def test_losses(table: Table) -> pd.DataFrame:
    """Return the test losses of all nets."""
    return table.nets("test_loss")
