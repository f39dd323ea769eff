import math

import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.kernels import LayerKernels, evaluate, mlp_kernels
from infwidth.limits.one_step import PowerLaw, one_step_limit

X = np.random.default_rng(0).standard_normal((7, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]


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


def laws(**changes: object) -> list[PowerLaw]:
    arguments = {"x": X, "y": Y, "n_hidden": 2, "richness": 0.25, "lr": 0.5, "loss_scale": 1.0, "n_samples": 2**8}
    return one_step_limit(**(arguments | changes))


@pytest.mark.parametrize("richness", [0.0, 0.25, 0.5])
def test_rows_name_every_quantity_layer_and_exponent(richness: float) -> None:
    assert [(law.quantity, law.layer, law.exponent) for law in laws(richness=richness)] == [
        ("output", 3, -richness),
        ("gradient", 1, -richness),
        ("gradient", 2, -richness),
        ("relative_update", 1, richness - 0.5),
        ("relative_update", 2, richness - 0.5),
        ("output_update", 3, 0.0),
    ]


def test_power_law_is_evaluated_at_widths() -> None:
    np.testing.assert_allclose(PowerLaw("output", 3, -0.5, 6.0).at([4, 9]), [3.0, 2.0])


def test_sampled_limit_repeats_for_a_seed_and_differs_between_seeds() -> None:
    assert laws(richness=0.5, seed=1) == laws(richness=0.5, seed=1)
    assert laws(richness=0.5, seed=1) != laws(richness=0.5, seed=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"richness": 0.6}, "richness must lie between 0"),
        ({"richness": -0.1}, "richness must lie between 0"),
        ({"y": Y[:4]}, "x has 7 points but y has 4"),
        ({"lr": 0.0}, "lr must be positive"),
        ({"loss_scale": -1.0}, "loss_scale must be positive"),
        ({"n_samples": 0}, "n_samples must be positive"),
    ],
)
def test_one_step_refuses_what_has_no_meaning(change: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        laws(**change)
