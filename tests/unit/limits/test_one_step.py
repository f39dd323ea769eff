import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.one_step import PowerLaw, one_step_limit

X = np.random.default_rng(0).standard_normal((7, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]


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
