"""The Microsoft post's own measurements: kinds of parameters, and kernels of trained nets between two limits."""

import numpy as np
import pandas as pd
import pytest

from builders import computed
from infwidth.analysis.table import Table
from infwidth.papers.msr2021.measured import nearness


def test_matrix_like_parameters_are_the_hidden_ones_and_all_others_are_vector_like() -> None:
    rows = computed(name="parameter_roles", width=16, n_blocks=2, vocabulary_size=50, context=8)
    wide = rows[rows.metric == "wide_dimensions"].set_index("layer").value
    hidden = set(rows.layer[rows.metric == "role_hidden"])
    assert len(wide) > len(hidden) > 5
    assert {name for name, dimensions in wide.items() if dimensions == 2} == hidden
    assert set(wide[~wide.index.isin(hidden)]) == {1}


def _kernels(kernel: np.ndarray, metric: str, **columns: object) -> pd.DataFrame:
    values = {"metric": metric, "index": range(kernel.size), "value": kernel.ravel()}
    return pd.DataFrame(values).assign(**{"gamma0": 1.0, "step": 9, "seed": 0, "of": "limit", "layer": "h2", **columns})


def test_nearness_is_between_the_kernels_before_and_after_training() -> None:
    before, after = np.eye(2), np.array([[2.0, 1.0], [1.0, 2.0]])
    limit = pd.concat([_kernels(before, "ntk_kernel", layer=""), _kernels(after, "kernel")])
    between = [after + part * (before - after) for part in (0, 0.2, 0.5, 1)]
    nets = [_kernels(kernel, "kernel", of="net", seed=seed) for seed, kernel in enumerate(between)]
    found = nearness(Table(pd.concat(nets)), Table(limit))
    assert found.value.tolist() == pytest.approx([0.0, 0.25, 1.0, np.inf])
