"""Models without numbers: the shapes of real ones, and no compiler."""

import subprocess
import sys

import torch
from torch import nn

from infwidth.models.shapes import shapes_only


def _net() -> nn.Module:
    return nn.Sequential(nn.Embedding(7, 8), nn.Linear(8, 5), nn.LayerNorm(5), nn.BatchNorm2d(3), nn.Conv2d(1, 3, 3))


def test_the_shapes_are_those_of_real_nets() -> None:
    with shapes_only():
        without = _net()
    assert {p.device.type for p in [*without.parameters(), *without.buffers()]} == {"meta"}
    real = _net()
    assert {n: p.shape for n, p in without.named_parameters()} == {n: p.shape for n, p in real.named_parameters()}
    assert real[0].weight.device == torch.device("cpu")
    assert real[0].weight.std() > 0.5


def test_the_compiler_stays_unloaded() -> None:
    code = (
        "import sys, torch\n"
        "from infwidth.models.shapes import shapes_only\n"
        "with shapes_only(): torch.nn.Embedding(3, 4), torch.nn.Linear(3, 4), torch.nn.Conv2d(1, 2, 3)\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
