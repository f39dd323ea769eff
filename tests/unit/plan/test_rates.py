"""Effective rates against a plan made by hand, and against the nets that are trained."""

import math

import pytest
import torch

from builders import changed, train
from infwidth.__main__ import main
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.plan.graph import load_graph
from infwidth.plan.operations import shapes_of
from infwidth.plan.rates import described, rates, rates_of
from infwidth.specs.cells import Train
from infwidth.training.member import Member

MNIST = changed(
    data={"name": "mnist5k", "image_size": 4, "train_size": None, "test_size": None, "normalization": "unit"},
    model={"width": 32},
    parametrization={"rule": "mup", "base_width": 8, "layer_lr": "uniform"},
)


def test_rates_of_mup_with_adamw_are_those_of_its_table() -> None:
    """Yang et al. 2022, Table 8, at four times the base width; decay keeps its product with the rate."""
    spec = train(MNIST, optimizer={"name": "adamw", "lr": [0.02, 0.04], "weight_decay": 0.1})
    rows = rates_of(spec).set_index("parameter")
    assert rows["base_lr"].unique().tolist() == [0.02]
    assert rows["role"].tolist() == ["input", "hidden", "output"]
    assert rows["fan_in"].tolist() == [16, 32, 32]
    assert rows["init_std"].tolist() == pytest.approx([1 / 4, 1 / math.sqrt(32), 1 / math.sqrt(8) / 4], rel=1e-12)
    assert rows["lr_ratio"].tolist() == pytest.approx([1, 1 / 4, 1 / 4], rel=1e-12)
    assert rows["lr"].tolist() == pytest.approx([0.02, 0.005, 0.005], rel=1e-12)
    assert rows["weight_decay"].tolist() == pytest.approx([0.1, 0.4, 0.4], rel=1e-12)
    assert rows["eps"].tolist() == pytest.approx([0.25e-8, 0.25e-8, 1e-8], rel=1e-12)


def test_rates_are_those_of_the_nets_that_are_trained() -> None:
    for cell in load_graph("smoke").cells.values():
        spec = cell.spec
        if not isinstance(spec, Train):
            continue
        shape, n_classes = shapes_of(spec.data)
        x, y = torch.zeros(1, *shape, dtype=torch.long if len(shape) == 1 else None), torch.zeros(1, dtype=torch.long)
        data = Images(x, y, x, y, n_classes=n_classes, name="zeros", sha256="")
        lr = spec.optimizer.lr[0]
        plan = Member(spec, data, seed=0, lr=lr, device=torch.device("cpu")).plan
        rows = rates_of(spec)
        assert rows["parameter"].tolist() == list(plan)
        assert rows["lr"].tolist() == [its.lr for its in plan.values()]
        assert rows["weight_decay"].tolist() == [its.weight_decay for its in plan.values()]
        assert rows["init_std"].dropna().tolist() == [its.init_std for its in plan.values() if its.start == "drawn"]


def test_a_start_that_is_kept_is_told() -> None:
    spec = train(
        MNIST,
        data=MNIST["data"] | {"name": "cifar10", "image_size": 32},
        model={"name": "torchvision_vit", "width": 16, "head_size": 4, "n_blocks": 1, "mlp_ratio": 1, "patch_size": 16},
    )
    rows = rates_of(spec).set_index("parameter")
    assert rows.index[rows["init_std"].isna()].tolist() == ["class_token"]


def test_an_experiment_has_all_its_widths() -> None:
    rows = rates("harvard2024.width_sweep", scale="smoke")
    cells = load_graph("smoke").cells_of("harvard2024", "width_sweep")
    assert rows["cell"].unique().tolist() == [cell.id for cell in cells]
    assert rows.groupby("cell")["width"].first().to_dict() == {cell.id: cell.spec.model.width for cell in cells}
    assert "width 16, sgd at base rate 1\nrule ntk\n" in described(rows)


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rates", "harvard2024.width_sweep", "--scale", "smoke"]) == 0
    assert "readout.weight output" in capsys.readouterr().out
    assert main(["rates", "harvard2024.width_swep"]) == 1
    assert "did you mean 'harvard2024.width_sweep'?" in capsys.readouterr().err


def test_what_is_computed_has_no_rates() -> None:
    with pytest.raises(SpecError, match=r"'karkada2024.one_step_limit' is computed, no net is trained for it"):
        rates("karkada2024.one_step_limit")
