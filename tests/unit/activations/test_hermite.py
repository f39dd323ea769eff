"""Duals by quadrature against closed forms, and what is said of their accuracy."""

import math
from typing import get_args

import numpy as np
import pytest

from infwidth.activations import ACTIVATIONS, Activation, activation_of
from infwidth.activations.hermite import HermiteDual
from infwidth.errors import SpecError
from infwidth.specs import models

RNG = np.random.default_rng(1)
V1, V2 = RNG.uniform(0.01, 3.0, (2, 40))
C = RNG.uniform(-1, 1, 40) * np.sqrt(V1 * V2)
SINE = Activation("sine", np.sin, np.cos)


def by_quadrature(name: str, **options: float) -> HermiteDual:
    of = ACTIVATIONS[name]
    return HermiteDual(name=name, value=of.value, derivative=of.slope, **options)


def test_quadrature_finds_the_closed_forms_of_smooth_functions() -> None:
    for found, exact in zip(by_quadrature("erf")(C, V1, V2), ACTIVATIONS["erf"].dual(C, V1, V2), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-11)
    # Of the sine: e^(-(v + v')/2) times sinh c and cosh c; of the square: v v' + 2c² and 4c.
    decay = np.exp(-(V1 + V2) / 2)
    for found, exact in zip(SINE.dual(C, V1, V2), (decay * np.sinh(C), decay * np.cosh(C)), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-11)
    for found, exact in zip(ACTIVATIONS["square"].dual(C, V1, V2), (V1 * V2 + 2 * C**2, 4 * C), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1.0])
def test_small_variances_see_the_slope_at_zero_only(size: float) -> None:
    moment, slope = ACTIVATIONS["tanh"].dual(size * C, size * V1, size * V2)
    if size < 1:
        np.testing.assert_allclose(moment, size * C, rtol=1e-10)
        np.testing.assert_allclose(slope, 1.0, rtol=1e-10)
    assert (np.abs(moment) < size * np.sqrt(V1 * V2)).all()


def test_a_kink_is_found_to_the_accuracy_that_is_accepted_or_refused() -> None:
    one = np.ones(1)
    with pytest.raises(SpecError, match=r"found to \S+ of its size only, not to 1e-10"):
        by_quadrature("relu")(0.5 * one, one, one)
    moment, slope = by_quadrature("relu", accuracy=0.02)(C / np.sqrt(V1 * V2), one, one)
    exact = ACTIVATIONS["relu"].dual(C / np.sqrt(V1 * V2), one, one)
    assert np.abs(moment - exact[0]).max() < 0.02 * 0.5
    assert np.abs(slope - exact[1]).max() < 0.02 * 0.5


def test_gains_keep_the_second_moment() -> None:
    one = np.ones(1)
    for activation in ACTIVATIONS.values():
        assert activation.scaled(activation.gain).dual(one, one, one)[0][0] == pytest.approx(1, rel=1e-12)
    assert ACTIVATIONS["relu"].gain == pytest.approx(math.sqrt(2), rel=1e-15)
    assert ACTIVATIONS["unit_relu"].gain == ACTIVATIONS["linear"].gain == 1


def test_scaled_activations_are_scaled_throughout() -> None:
    for activation in (*ACTIVATIONS.values(), SINE):
        for plain, scaled in zip(activation.dual(C, V1, V2), activation.scaled(1.5).dual(C, V1, V2), strict=True):
            np.testing.assert_allclose(scaled, 2.25 * plain, rtol=1e-14)
        np.testing.assert_allclose(activation.scaled(1.5).value(C), 1.5 * activation.value(C))
        np.testing.assert_allclose(activation.scaled(1.5).slope(C), 1.5 * activation.slope(C))


def test_names_of_specs_are_activations() -> None:
    assert set(get_args(models.Activation)) <= set(ACTIVATIONS)
    with pytest.raises(SpecError, match="did you mean 'gelu'"):
        activation_of("gleu")
