"""torchvision's nets under muP keep the size of all they compute at growing width, under torch's habit they do not."""

import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from infwidth.models import build_model
from infwidth.parametrization import CoordinateCheck, coordinate_check, parametrize

NETS = {
    "torchvision_resnet18": ({"name": "torchvision_resnet18"}, 1e-4, (16, 32, 64, 128)),
    "torchvision_vit": (
        {"name": "torchvision_vit", "head_size": 8, "n_blocks": 1, "mlp_ratio": 2, "patch_size": 8},
        3e-3,
        (32, 64, 128, 256, 512),
    ),
}


def check(name: str, rule: str) -> CoordinateCheck:
    spec, lr, widths = NETS[name]
    side = 32 if "resnet" in name else 16
    base_width = widths[0]

    def build(width: int) -> torch.nn.Module:
        return build_model({**spec, "width": width}, (3, side, side), 10)

    def plan(model: torch.nn.Module, base: torch.nn.Module):
        with torch.device("meta"):
            other = build(2 * base_width)
        return parametrize(model, base, rule, optimizer="adam", lr=lr, delta_model=other)

    return coordinate_check(
        build,
        plan,
        widths if rule == "mup" else widths[:3],
        base_width=base_width,
        inputs=torch.randn(16, 3, side, side, generator=torch.Generator().manual_seed(1)),
        targets=torch.arange(16) % 10,
        loss=F.cross_entropy,
        n_steps=2,
        n_seeds=2,
    )


@pytest.mark.parametrize("name", NETS)
def test_mup_passes_and_torch_s_habit_fails(name: str) -> None:
    right, wrong = check(name, "mup"), check(name, "sp")
    assert right.verdict == "passes", right.explain()
    assert wrong.verdict == "fails"
    assert set(wrong.slopes[wrong.slopes.flag == "grows"].role) >= {"hidden", "output"}


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
    try:
        import parametrize_torchvision as example
    finally:
        sys.path.pop(0)
    example.main()
    said = capsys.readouterr().out
    assert "resnet18: 19 hidden, 1 input, 40 norm, 1 output, 1 scalar" in said
    assert "Coordinate check of mup with adam: passes." in said
    assert "Coordinate check of sp with adam: fails." in said
