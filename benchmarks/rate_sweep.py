"""A sweep over learning rates and seeds as one stack of nets against its members one by one, in one process.

    ./run python benchmarks/rate_sweep.py

Prints for each width the CPU time of a cell of twelve rates and four seeds over the sum of those of its 48 nets, each
trained by the same code alone: median and range over repetitions. The same updates of the same nets.
"""

import argparse
import statistics
import time

import torch

from infwidth.data.images import Images
from infwidth.solve.rate_sweep import Spec, rows

RATES = tuple(2.0 ** (-12 + k / 2) for k in range(12))
SEEDS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 256, 1024])
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(1280, 1, 14, 14, generator=rng), torch.arange(1280) % 10
    data = Images(x, y, x[:64], y[:64], 10, "noise", "")

    def seconds(width: int, rates: tuple[float, ...], seeds: int) -> float:
        spec = Spec(
            name="rate_sweep",
            rule="mup",
            width=width,
            base_width=64,
            n_hidden=2,
            activation="relu",
            loss="cross_entropy",
            input_multiplier=2**-8,
            output_multiplier=32,
            lrs=rates,
            batch_size=64,
            epochs=2,
            n_seeds=seeds,
        )
        start = time.process_time()
        rows(spec, data)
        return time.process_time() - start

    for width in options.widths:
        seconds(width, RATES[:1], 1)  # warms up
        ratios = []
        for _ in range(options.repetitions):
            alone = sum(seconds(width, (rate,), 1) for rate in RATES for _ in range(SEEDS))
            ratios.append(seconds(width, RATES, SEEDS) / alone)
        print(
            f"width {width}: {statistics.median(ratios):.2f} of the sum of its members"
            f" ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
