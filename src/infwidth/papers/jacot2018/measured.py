"""What figures and claims share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table


def growth(circle: Table) -> pd.DataFrame:
    """Return by how much Θ(x(0), x(0)) grows in training, relative to its initial value: columns width, seed, value."""
    rows = circle.nets("tangent_kernel")
    at_origin = rows[rows["index"] == origin(circle)].sort_values("step").groupby(["width", "seed"]).value
    return (at_origin.last() / at_origin.first() - 1).reset_index()


def origin(circle: Table) -> int:
    """Return the index of the angle zero."""
    angles = circle.limit("angle").drop_duplicates("index").set_index("index").value
    return int(angles.index.to_numpy()[int(angles.abs().to_numpy().argmin())])


def largest_across(components: Table) -> pd.DataFrame:
    """Return the largest size over time of the error in all other directions: columns width, seed, value."""
    return components.nets("across").groupby(["width", "seed"]).value.max().reset_index()


def speed(components: Table) -> pd.DataFrame:
    """Return how fast the error along the component falls, in units of the limit's: columns width, seed, value.

    By the logarithms of what is left at the step at which the limit has about a half left, of what each began with.
    """
    limit = components.limit("along").drop_duplicates("step").set_index("step").value
    left = limit / limit.iloc[0]
    half = int((left - 0.5).abs().idxmin())
    rows = components.at(step=(0, half)).nets("along").sort_values("step").groupby(["width", "seed"]).value
    return (np.log((rows.last() / rows.first()).clip(lower=1e-3)) / np.log(left[half])).reset_index()
