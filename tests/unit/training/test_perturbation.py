"""The noise floor: a perturbation is as large as it says, and none at all changes neither bits nor the cell's name."""

import pandas as pd
import pytest
import torch

from builders import changed, train
from infwidth.data.images import Images
from infwidth.specs.identity import canonical, cell_id
from infwidth.training.member import Member
from infwidth.training.trainer import Trainer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(60, 1, 8, 8, generator=rng), torch.arange(60) % 3
    return Images(x[:45], y[:45], x[45:], y[45:], 3, "noise", "0" * 64)


def weights(data: Images, perturbation: float, *, seed: int = 0, dtype: str = "float64") -> torch.Tensor:
    spec = train(
        changed(
            model={"name": "mlp", "width": 64, "n_hidden": 2, "activation": "relu", "bias": False},
            training={"dtype": dtype, "perturbation": perturbation},
        )
    )
    member = Member(spec, data, seed=seed, lr=0.1, device=CPU)
    return torch.cat([p.detach().flatten() for p in member.model.parameters()]).double()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("relative", [1e-7, 1e-3])
def test_the_relative_change_is_what_it_says(data: Images, relative: float, dtype: str) -> None:
    before, after = weights(data, 0.0, dtype=dtype), weights(data, relative, dtype=dtype)
    assert ((after - before).norm() / before.norm()).item() == pytest.approx(relative, rel=0.05)
    standardized = (after - before) / (relative * before)
    assert standardized.mean().abs() < 0.05
    assert standardized.std() == pytest.approx(1.0, abs=0.1)


def test_seeds_are_perturbed_independently_and_again_in_the_same_way(data: Images) -> None:
    changes = [weights(data, 1e-3, seed=s) / weights(data, 0.0, seed=s) - 1 for s in (0, 1)]
    assert torch.corrcoef(torch.stack(changes))[0, 1].abs() < 0.05
    assert torch.equal(weights(data, 1e-3), weights(data, 1e-3))


def test_none_is_the_same_cell_bit_for_bit(data: Images) -> None:
    without, none = train(), train(changed(training={"perturbation": 0}))
    assert cell_id(without) == cell_id(none)
    assert "perturbation" not in canonical(without)["training"]
    rows = [Trainer(spec, data, device=CPU).run() for spec in (without, none)]
    pd.testing.assert_frame_equal(*rows, check_exact=True)


def test_a_perturbed_training_is_another_cell_that_stays_near(data: Images) -> None:
    without, perturbed = train(), train(changed(training={"perturbation": 1e-7}))
    assert cell_id(without) != cell_id(perturbed)
    assert canonical(perturbed)["training"]["perturbation"] == 1e-7
    one, other = (Trainer(spec, data, device=CPU).run() for spec in (without, perturbed))
    assert not one.value.equals(other.value)
    end = (one.metric == "test_loss") & (one.step == one.step.max())
    assert other.value[end].to_numpy() == pytest.approx(one.value[end].to_numpy(), rel=1e-4)
