"""What training at infinite width costs beside finite nets of the same error, on one core.

    ./run python benchmarks/infinite_width.py                       (many minutes)
    ./run python benchmarks/infinite_width.py --neurons 1024 4096 --widths 1024 --replicas 2     (two minutes)

A tanh net of 3 hidden layers, 64 inputs, full batch, μP. An error is the rms over outputs at all steps and over seeds,
against the mean of the largest samples (of which it is the spread; that of the mean is told). Samples of M neurons and
nets of n: errors fall as c M^-1/2 and c' n^-1/2, so that n = M (c'/c)² neurons have the same. Time of n is extrapolated
from measured steps of the widest net by n², that of M is measured. Then how a step grows with M and with the batch, and
the products that are remembered with the steps.
"""

import argparse
import math
import os
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from infwidth.parametrization import parametrize  # noqa: E402
from infwidth.programs import infinite  # noqa: E402

BASE, LR, D, TOLERANCE = 64, 0.1, 32, 1e-2
generator = torch.Generator().manual_seed(0)
X = torch.randn(256, D, generator=generator)
Y = torch.sign(X[:, :1] * X[:, 1:2])


def build(n: int) -> nn.Module:
    """Return the net of width n."""
    sizes = [D, n, n, n]
    layers = [m for i in range(3) for m in (nn.Linear(sizes[i], sizes[i + 1]), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(n, 1))


def sample(neurons: int, seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Return an infinite net and its optimizer."""
    net = infinite(build, base_width=BASE, neurons=neurons, lr=LR, seed=seed, tolerance=TOLERANCE)
    return net, net.optimizer()


def finite(width: int, seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Return a net of that width and its optimizer."""
    net = build(width)
    plan = parametrize(net, build(BASE), "mup", optimizer="sgd", lr=LR, delta_model=build(2 * BASE))
    plan.init_(net, seed)
    return net, plan.optimizer(net)


def train(
    net: nn.Module, optimizer: torch.optim.Optimizer, *, steps: int, batch: int = 64
) -> tuple[torch.Tensor, float, list[float]]:
    """Return the outputs before every step [steps, batch], the CPU seconds, and those after every step."""
    outputs, times, start = [], [], time.process_time()
    for _ in range(steps):
        f = net(X[:batch])
        outputs.append(f.detach().flatten())
        optimizer.zero_grad()
        F.mse_loss(f, Y[:batch]).backward()
        optimizer.step()
        times.append(time.process_time() - start)
    return torch.stack(outputs), times[-1], times


def rms(x: torch.Tensor) -> float:
    """Return the root of the mean square."""
    return float(x.square().mean().sqrt())


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    steps, torch_threads = options.steps, torch.get_num_threads()
    print(f"{steps} steps, {torch_threads} thread")

    largest = max(options.neurons)
    samples, seconds = {}, {}
    for neurons in sorted(options.neurons):
        found = []
        for seed in range(options.replicas):
            net, optimizer = sample(neurons, seed)
            outputs, seconds[neurons], times = train(net, optimizer, steps=steps)
            found.append(outputs)
        samples[neurons] = torch.stack(found)
        products = max(max(pair) for pair in net.n_products.values())
        middle = times[steps // 2] / times[-1]
        print(
            f"sample of {neurons}: spread {rms(samples[neurons] - samples[neurons].mean(0)):.4f} of one run,"
            f" {seconds[neurons]:.1f} s ({middle:.2f} of it in the first half), {products} products",
            flush=True,
        )
    limit = samples[largest].mean(0)
    for neurons, found in samples.items():
        if neurons != largest:
            print(f"sample of {neurons}: rms distance from the mean of the largest {rms(found - limit):.4f}")
    spread = rms(samples[largest] - limit) * math.sqrt(options.replicas / (options.replicas - 1))
    c = spread * math.sqrt(largest)
    print(f"error of one sample {c:.2f} M^-1/2; of the mean of the largest {spread / math.sqrt(options.replicas):.4f}")

    for width in sorted(options.widths):
        runs = [train(*finite(width, seed), steps=steps) for seed in range(2 * options.replicas)]
        square = rms(torch.stack([outputs for outputs, _, _ in runs]) - limit) ** 2
        distance = math.sqrt(max(square - spread**2 / options.replicas, 0.0))  # without the error of the limit itself
        took = sum(t for _, t, _ in runs) / len(runs)
        print(f"net of {width}: distance {distance:.4f} = {distance * math.sqrt(width):.2f} n^-1/2, {took:.1f} s")
    c_finite = distance * math.sqrt(width)
    few = 3
    _, of_wide, _ = train(*finite(4096, 0), steps=few)
    per_step = of_wide / few
    print(f"net of 4096: {per_step:.2f} s a step")
    for neurons in sorted(options.neurons):
        n = neurons * (c_finite / c) ** 2
        at_same_error = steps * per_step * (n / 4096) ** 2
        print(
            f"sample of {neurons}: the net of the same error has {n:.0f} neurons and takes {at_same_error:.0f} s,"
            f" {at_same_error / seconds[neurons]:.1f} times as long"
        )

    for batch in (16, 64, 256):
        net, optimizer = sample(8192, 0)
        _, took, _ = train(net, optimizer, steps=10, batch=batch)
        products = max(max(pair) for pair in net.n_products.values())
        print(f"batch {batch}, 8192 neurons: {took / 10:.3f} s a step over the first 10, {products} products")


if __name__ == "__main__":
    main()
