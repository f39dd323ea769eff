import math
from pathlib import Path

import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.kernels import LayerKernels, evaluate, mlp_kernels

X = np.random.default_rng(0).standard_normal((7, 3))


def relu_kernels(x1: object, x2: object = None, **changes: object) -> LayerKernels:
    arguments = {"n_hidden": 2, "activation": "unit_relu", "sigma_w": 1.1, "sigma_b": 0.2} | changes
    return mlp_kernels(x1, x2, **arguments)


def test_kernels_of_a_set_with_itself_are_exactly_symmetric() -> None:
    k = relu_kernels(X)
    for stack in (k.covariance, k.derivative, k.tangent):
        np.testing.assert_array_equal(stack, stack.transpose(0, 2, 1))


def test_a_point_makes_no_angle_with_itself() -> None:
    # √2 relu keeps the variance, and half its neurons are active: exactly, not to the 1e-8 of an arccos near one.
    k = relu_kernels(X, n_hidden=5, sigma_w=1.0, sigma_b=0.0)
    np.testing.assert_allclose(np.diagonal(k.derivative, axis1=1, axis2=2), 1.0, rtol=1e-15)
    np.testing.assert_allclose(np.diagonal(k.nngp), (X**2).mean(axis=1), rtol=1e-14)


def test_kernels_between_two_sets_are_a_block_of_the_whole() -> None:
    whole, block = relu_kernels(X), relu_kernels(X[:3], X[3:])
    np.testing.assert_allclose(block.tangent, whole.tangent[:, :3, 3:], rtol=1e-12)
    np.testing.assert_allclose(block.derivative, whole.derivative[:, :3, 3:], rtol=1e-12)


def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = relu_kernels(X, X[:5])
    monkeypatch.setattr(evaluate, "TILE", 11)
    np.testing.assert_array_equal(relu_kernels(X, X[:5]).tangent, whole.tangent)


def test_zero_input_without_bias_has_zero_kernel() -> None:
    k = relu_kernels(np.vstack([np.zeros(3), X]), sigma_b=0.0)
    assert not k.ntk[0].any()
    assert np.isfinite(k.ntk).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x2": X[:, :2]}, "dimension 3 but x2 has 2"),
        ({"x1": X[0]}, "x1 must be a non-empty matrix"),
        ({"x1": X * math.nan}, "x1 holds values that are not finite"),
        ({"activation": "rlu"}, "did you mean 'relu'"),
        ({"gain": -1.0}, "gain must be positive"),
        ({"n_hidden": 0}, "n_hidden must be at least 1"),
        ({"sigma_w": 0.0}, "sigma_w must be positive"),
        ({"sigma_b": -0.1}, "sigma_b not negative"),
    ],
)
def test_kernels_refuse_what_has_no_meaning(change: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        relu_kernels(**({"x1": X} | change))


def test_the_page_on_kernels_runs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "kernels.md").read_text(encoding="utf-8")
    names: dict[str, np.ndarray] = {}
    exec(page.split("```python")[1].split("```")[0], names)
    assert names["ntk"].shape == (20, 20)
    assert np.linalg.eigvalsh(names["ntk"])[0] > 0
