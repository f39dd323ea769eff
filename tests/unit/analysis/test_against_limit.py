"""Nets against their limit: distances by hand, and the error of a limit that is sampled."""

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.against_limit import distances, sampling_error
from infwidth.analysis.table import Table


def table(of: str, **columns: object) -> Table:
    return Table(pd.DataFrame({"of": of, "metric": "f", "layer": "", "lr": 1.0, **columns}))


def test_the_distance_is_root_mean_square_from_the_mean_of_the_samples() -> None:
    limit = table("limit", seed=[0, 1, 0, 1], step=0, index=[0, 0, 1, 1], value=[0.0, 2.0, 5.0, 5.0])
    nets = table("net", width=[4, 4, 8, 8], seed=0, step=0, index=[0, 1, 0, 1], value=[4.0, 1.0, 1.0, 5.0])
    found = distances(nets, limit, "f")
    assert found.width.tolist() == [4, 8]
    assert found.value.tolist() == pytest.approx([np.sqrt((9 + 16) / 2), 0.0])
    # of entry 0 the variance over two samples is 2, its mean's 1; of entry 1 none
    assert sampling_error(limit, "f").tolist() == pytest.approx([np.sqrt(1 / 2)])


def test_limits_are_told_apart_by_the_axes_that_both_tables_have() -> None:
    limit = table("limit", seed=0, step=0, index=0, phi=["a", "b"], value=[1.0, 2.0])
    nets = table("net", seed=0, step=0, index=0, width=4, phi=["a", "b"], value=[1.5, 2.0])
    found = distances(nets, limit, "f", axes=["width", "phi"])
    assert dict(zip(found.phi, found.value, strict=True)) == {"a": 0.5, "b": 0.0}
    assert sampling_error(limit, "f", axes=["phi"]).isna().all()  # one sample tells no error
