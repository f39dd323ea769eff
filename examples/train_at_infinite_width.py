"""Train a net of three hidden layers at infinite width, beside nets of width 64 to 1024, on embedded digits.

./run python examples/train_at_infinite_width.py [FOLDER]
"""

import itertools
import sys
import tempfile
from pathlib import Path

import pandas as pd
import seaborn as sns
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F

from infwidth.data.load import load_data
from infwidth.data.prepare import prepare
from infwidth.parametrization import parametrize
from infwidth.programs import infinite

BASE_WIDTH, WIDTHS, NEURONS, LR, STEPS = 64, (64, 256, 1024), 4096, 0.5, 30
DIGITS = {
    "name": "mnist5k",
    "image_size": 14,
    "train_size": 32,
    "test_size": 32,
    "classes": None,
    "normalization": "standardize",
}


def build(width: int) -> nn.Module:
    """Return a net of any width; 14 × 14 pixels, ten classes."""
    sizes = [196, width, width, width]
    layers = [m for i, o in itertools.pairwise(sizes) for m in (nn.Linear(i, o), nn.Tanh())]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, 10))


def train(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor) -> list[float]:
    """Return the losses of full-batch training."""
    losses = []
    for _ in range(STEPS):
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(folder: Path) -> None:
    """Write a picture of all losses to ``folder``."""
    with tempfile.TemporaryDirectory() as prepared:
        prepare("mnist5k", Path("data"), Path(prepared) / "mnist5k")
        data = load_data(Path(prepared), DIGITS)
    x, y = data.x_train, data.y_train.long()
    curves = {}
    for width in WIDTHS:
        net = build(width)
        plan = parametrize(net, build(BASE_WIDTH), "mup", optimizer="sgd", lr=LR, delta_model=build(96))
        plan.init_(net, seed=0)
        curves[f"width {width}"] = train(net, plan.optimizer(net), x, y)
    for seed in (0, 1):
        net = infinite(build, base_width=BASE_WIDTH, neurons=NEURONS, lr=LR, seed=seed)
        curves[f"infinite, sample {seed}"] = train(net, net.optimizer(), x, y)
    axes = sns.lineplot(pd.DataFrame(curves), dashes=False)
    axes.set(xlabel="step", ylabel="training loss", title="32 digits, full batch, μP")
    folder.mkdir(parents=True, exist_ok=True)
    plt.savefig(folder / "infinite_width.png")
    print(pd.DataFrame(curves).iloc[[0, STEPS // 2, STEPS - 1]].round(4).T.to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results/examples"))
