"""Speed of nets trained as one stack against the loop over them, in one process, alternating.

    ./run python benchmarks/stack.py

Prints one line a cell: how many times as fast the updates of all its nets are as a stack, the ratio loop/stacked of the
CPU time (on a GPU, with --device cuda, of wall time), median and range over repetitions. A sweep of four learning rates
and several seeds; both do the same updates on the same batches and evaluate twice.
"""

import argparse
import statistics
import time
from typing import Any, NamedTuple

import torch

from infwidth.data.images import Images
from infwidth.data.tokens import Windows
from infwidth.specs.block import read
from infwidth.specs.cells import Train
from infwidth.training.device import prepare_torch
from infwidth.training.execution import Execution
from infwidth.training.trainer import Trainer

MLP = {"name": "mlp", "n_hidden": 2}
CNN = {"name": "cnn", "n_convolutions": 2}
BRANCHES = {"branch_multiplier": 1.0, "branch_power": "1/2"}
RESNET = {"name": "resnet", "blocks": [1, 1], "stem_stride": 2, "norm": "none", **BRANCHES}
TRANSFORMER = {
    "name": "transformer",
    "n_heads": 4,
    "n_blocks": 2,
    "mlp_ratio": 2,
    "attention_multiplier": 1.0,
    **BRANCHES,
}
IMAGES = {"name": "noise", "image_size": None, "train_size": None, "test_size": None, "normalization": "unit"}
TEXT = {"name": "noise", "context": 32, "vocabulary_size": 200, "test_windows": 8}


class Case(NamedTuple):
    """A cell: four learning rates and so many seeds of a model."""

    model: dict[str, Any]
    width: int
    seeds: int
    steps: int
    batch: int
    optimizer: str = "sgd"

    def __str__(self) -> str:
        return f"{self.model['name']}, width {self.width}, batch {self.batch}, {self.optimizer}, {4 * self.seeds} nets"

    def spec(self) -> Train:
        document = {
            "kind": "train",
            "data": TEXT if self.model is TRANSFORMER else IMAGES,
            "model": {**self.model, "width": self.width},
            "parametrization": {"rule": "mup", "base_width": 8, "layer_lr": "uniform"},
            "optimizer": {"name": self.optimizer, "lr": [0.001, 0.002, 0.004, 0.008]},
            "training": {
                "steps": self.steps,
                "batch_size": self.batch,
                "loss": "cross_entropy",
                "evaluations": 2,
            },
            "probes": [{"name": "output_scale"}],
            "seeds": list(range(self.seeds)),
        }
        return read(Train, document, where="benchmark")


CASES = [
    Case(MLP, 16, 1, 100, 32),
    Case(MLP, 16, 4, 100, 32),
    Case(MLP, 16, 16, 100, 32),
    Case(MLP, 64, 4, 100, 32),
    Case(MLP, 64, 4, 100, 128),
    Case(MLP, 64, 4, 100, 32, "adam"),
    Case(MLP, 256, 4, 100, 32),
    Case(MLP, 256, 4, 100, 128),
    Case(MLP, 1024, 2, 100, 32),
    Case(CNN, 8, 4, 30, 32),
    Case(CNN, 64, 2, 10, 32),
    Case(RESNET, 8, 4, 20, 32),
    Case(RESNET, 64, 2, 6, 32),
    Case(TRANSFORMER, 16, 4, 20, 8, "adam"),
    Case(TRANSFORMER, 64, 4, 10, 8, "adam"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--execution", choices=("stacked", "stacked_graphed"), default="stacked")
    options = parser.parse_args()
    device = prepare_torch(options.device, 1)
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(1024, 1, 14, 14, generator=rng), torch.arange(1024) % 10
    images = Images(x, y, x[:64], y[:64], 10, "noise", "")
    ids = torch.randint(200, (256, 33), generator=rng, dtype=torch.int32)
    text = Windows(ids[:, :-1], ids[:, 1:], ids[:8, :-1], ids[:8, 1:], 200, "noise", "")

    for case in CASES:
        data = text if case.model is TRANSFORMER else images

        def seconds(spec: Train, execution: Execution, data: Images | Windows = data) -> float:
            start = clock()
            Trainer(spec, data, device=device, execution=execution).run()
            return clock() - start

        spec, ratios = case.spec(), []
        seconds(case._replace(seeds=1).spec(), options.execution)  # warms up
        for _ in range(options.repetitions):
            loop = seconds(spec, "loop")
            ratios.append(loop / seconds(spec, options.execution))
        print(
            f"{case}: as a stack {statistics.median(ratios):.2f} times as fast as the loop"
            f" ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
