"""Rows of a computation that trains nets at several learning rates side by side."""

from typing import TYPE_CHECKING

from infwidth.results.rows import Rows

if TYPE_CHECKING:
    import pandas as pd


class RowsOfRates(Rows):
    """Rows of several learning rates: ``at[rate]`` takes those of one."""

    def __init__(self, rates: tuple[float, ...]) -> None:
        """Begin with no rows of each of these rates."""
        super().__init__()
        self.at = {rate: Rows(rate) for rate in rates}

    def frame(self) -> "pd.DataFrame":
        """Return the rows of one rate after the other."""
        import pandas as pd

        return pd.concat([rows.frame() for rows in self.at.values()], ignore_index=True)
