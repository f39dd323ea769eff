"""What figures and claims of learning curves of modes share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table

#: Degrees of harmonics in which the target has power.
DEGREES = (0, 1, 2, 3)


def half_learned(table: Table) -> pd.DataFrame:
    """Return at how many examples (value) half of the error that a degree's power causes is gone.

    Columns: dimension, degree (from 1), multiplicity N(d, k), value, and a seed that is 0. Theory's curves, between
    whose points it is interpolated in logarithms; degrees that are not half learned by then are put at the last P.
    """
    records = []
    for dimension in table.values("dimension"):
        of = table.at(dimension=dimension)
        curves, counts = of.limit("shell_by_power"), of.limit("multiplicity")
        for degree in DEGREES[1:]:
            rows = curves[curves["index"] == degree].sort_values("step")
            errors, steps = rows.value.to_numpy(), np.log(rows.step.to_numpy())
            below = np.flatnonzero(errors < errors[0] / 2)
            half = np.exp(steps[-1])
            if len(below):
                ends = [below[0], below[0] - 1]
                half = np.exp(np.interp(0.0, np.log(errors[ends] / (errors[0] / 2)), steps[ends]))
            multiplicity = counts.value[counts["index"] == degree].item()
            records.append((dimension, degree, multiplicity, float(half), 0))
    return pd.DataFrame(records, columns=["dimension", "degree", "multiplicity", "value", "seed"])


def shares(table: Table) -> pd.DataFrame:
    """Return N(d, k) η_k (value) over the trace that all listed degrees have, with their columns."""
    eigenvalues, counts = table.limit("eigenvalue"), table.limit("multiplicity")
    return eigenvalues.assign(value=np.maximum(eigenvalues.value.to_numpy(), 0.0) * counts.value.to_numpy())
