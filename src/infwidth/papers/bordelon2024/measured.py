"""What figures and claims share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table
from infwidth.papers.bordelon2024.limits import exponents


def variance(table: Table, step: int) -> pd.DataFrame:
    """Return for every seed the variance of outputs over nets: twice what the mean of two lowers the loss by."""
    keys = ["power_exponent", "width", "seed"]
    single, mean = (table.at(step=step).nets(metric).set_index(keys).value for metric in ("test", "ensemble"))
    return (2 * (single - mean)).reset_index()


def floors(table: Table) -> pd.DataFrame:
    """Return the final losses of widths far below the number of modes: a quarter of the widest and less."""
    widths = table.values("width")
    return table.at(width=[width for width in widths if width <= max(widths) / 4]).at_end().nets("test")


def envelope_slope(table: Table, what: str) -> float:
    """Return the exponent in compute of the envelope's ``loss``, ``width`` or ``time``, in its upper half."""
    compute, values = (table.limit(metric).sort_values("index").value.to_numpy() for metric in ("compute", what))
    half = len(compute) // 2
    return float(np.polyfit(np.log(compute[half:]), np.log(values[half:]), 1)[0])


def closed_form(table: Table, what: str) -> float:
    """Return the closed form's exponent of the same."""
    b, a = (table.values(name)[0] for name in ("spectrum_exponent", "power_exponent"))
    return exponents(b, a)[f"best_{what}"]
