"""Speed of the trainer against a plain PyTorch loop for the same cell, in one process, alternating.

    ./run python benchmarks/trainer.py

Prints one line a cell: the ratio plain/trainer of the CPU time for the same updates, median and range over repetitions
(above 0.95 is what we hold ourselves to). The plain loop builds the same net at the same initialisation with the same
optimizer and shuffled batches and does nothing but the updates; the trainer also evaluates twice, decides on
checkpoints and counts finite losses.
"""

import argparse
import statistics
import time
from typing import Any

import torch
from torch.nn import functional as F

from infwidth.data.images import Images
from infwidth.specs.block import read
from infwidth.specs.cells import Train
from infwidth.training.member import Member
from infwidth.training.trainer import Trainer

CELLS = {
    "MLP, width 256": {"name": "mlp", "width": 256, "n_hidden": 2, "activation": "unit_relu", "bias": False},
    "CNN, width 64": {"name": "cnn", "width": 64, "n_convolutions": 3},
}


def spec(model: dict[str, Any], steps: int) -> Train:
    document = {
        "kind": "train",
        "data": {"name": "noise", "image_size": None, "train_size": None, "test_size": None, "normalization": "unit"},
        "model": model,
        "parametrization": {"rule": "mup", "base_width": 16, "layer_lr": "variance"},
        "optimizer": {"name": "sgd", "lr": [0.1]},
        "training": {"steps": steps, "batch_size": 64, "loss": "cross_entropy", "evaluations": 2},
        "probes": [{"name": "output_scale"}],
        "seeds": [0],
    }
    return read(Train, document, where="benchmark")


def plain_loop(cell: Train, data: Images, steps: int) -> None:
    member = Member(cell, data, seed=0, lr=0.1, device=torch.device("cpu"))
    model, optimizer = member.model, member.plan.optimizer(member.model)
    for step in range(steps):
        if step % 32 == 0:
            order = torch.randperm(2048)
        rows = order[step % 32 * 64 :][:64]
        x, y = data.x_train[rows], data.y_train[rows]
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(2048, 1, 14, 14, generator=rng), torch.arange(2048) % 10
    data = Images(x, y, x[:64], y[:64], 10, "noise", "")
    for name, model in CELLS.items():
        cell, ratios, own = spec(model, options.steps), [], []
        Trainer(cell, data, device=torch.device("cpu")).run()  # warms up
        for _ in range(options.repetitions):
            start = time.process_time()
            plain_loop(cell, data, options.steps)
            middle = time.process_time()
            Trainer(cell, data, device=torch.device("cpu")).run()
            end = time.process_time()
            ratios.append((middle - start) / (end - middle))
            own.append(options.steps * 64 / (end - middle))
        print(
            f"{name}: trainer at {statistics.median(ratios):.2f} of the plain loop's speed "
            f"({min(ratios):.2f} to {max(ratios):.2f}), {statistics.median(own):.0f} samples/s on one core"
        )


if __name__ == "__main__":
    main()
