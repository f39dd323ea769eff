"""Speed of MAML with all tasks at once against the loop over tasks, and seconds of an outer step at Omniglot's size.

    ./run python benchmarks/maml.py

The loop is what the authors' code does: autograd, one task after the other, adapted parameters formed for each. Printed
for every width: the ratio loop/ours for the same outer steps of 32 tasks, median and range over repetitions (above 10
is what we hold ourselves to), and seconds a step. For ReLU kernels: seconds a step with so many terms in the sum, which
grows by up to 160 terms a step until it holds every input.
"""

import argparse
import statistics
import time

import torch
from torch.nn import functional as F

from infwidth.data.tasks import Tasks
from infwidth.limits.maml import kernel, linear
from infwidth.limits.maml.protocol import Rates, labels

WAYS, D, TASKS = 5, 784, 32
RATES = Rates(0.1)


def batch(number: int) -> Tasks:
    """Return 32 tasks of 5 ways, 1 shot and 1 query, of strokes of about 40 in 784 pixels."""
    rng = torch.Generator().manual_seed(number)
    support, query = ((torch.rand(TASKS, WAYS, D, generator=rng) < 0.05).float() for _ in range(2))
    return Tasks(support, query, (torch.arange(TASKS * WAYS) + number * TASKS * WAYS).view(TASKS, WAYS), WAYS)


def net(width: int | None) -> linear.Weights:
    limit = linear.infinite_weights(D, WAYS, sigma_u=1.0, sigma_v=0.03125)
    if width is None:
        return limit
    return limit.sample(torch.randn(width, D + WAYS, generator=torch.Generator().manual_seed(0)))


def loop_step(parameters: list[torch.Tensor], tasks: Tasks) -> None:
    """Do one outer step, changing ``parameters`` u, b and v, which require gradients."""

    def forward(parts: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return F.linear(F.linear(x, parts[0], parts[1]), parts[2])

    of = labels(tasks.support, WAYS)[0]
    for part in parameters:
        part.grad = None
    for support, query in zip(tasks.support, tasks.query, strict=True):
        gradients = torch.autograd.grad(F.cross_entropy(forward(parameters, support), of), parameters)
        adapted = [part - RATES.inner * g for part, g in zip(parameters, gradients, strict=True)]
        F.cross_entropy(forward(adapted, query), of).backward()
    torch.nn.utils.clip_grad_norm_(parameters, RATES.clip)
    with torch.no_grad():
        for part in parameters:
            part -= RATES.outer * part.grad


def seconds(step, batches: list[Tasks]) -> float:
    start = time.process_time()
    for tasks in batches:
        step(tasks)
    return (time.process_time() - start) / len(batches)


def compare(width: int | None, repetitions: int) -> None:
    ours = linear.LinearLearner(net(width), RATES, bias_lr=1.0)
    parameters = [part.requires_grad_() for part in net(width)]
    batches = [batch(number) for number in range(3)]
    times, ratios = [], []
    for _ in range(repetitions):
        times.append(seconds(ours.outer_step, batches))
        ratios.append(seconds(lambda tasks: loop_step(parameters, tasks), batches) / times[-1])
    difference = (ours.weights.u - parameters[0].detach()).abs().max()
    assert difference < 1e-3, f"the two do not do the same: {difference}"
    print(
        f"linear, width {width or 'infinite'}: ratio {statistics.median(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f}), {1e3 * statistics.median(times):.1f} ms an outer step"
    )


def kernels(n_terms: list[int]) -> None:
    for name, sigma_v in (("ReLU GP", 0.0), ("ReLU NTK", 1.0)):
        of = kernel.relu_kernel(sigma_u=0.25, sigma_b=1.0, sigma_v=sigma_v)
        for n in n_terms:
            function = kernel.Expansion(of, d=D, d_o=WAYS, n_ids=n + 10_000)
            rng = torch.Generator().manual_seed(1)
            x = (torch.rand(n, D, generator=rng) < 0.05).float()
            function.add(torch.arange(n) + 10_000, x, 1e-3 * torch.randn(n, WAYS, generator=rng))
            learner = kernel.KernelLearner(of, function, RATES)
            print(f"{name}, {n} terms: {seconds(learner.outer_step, [batch(0), batch(1)]):.3f} s an outer step")
    sigmas = {"sigma_u": 1.0, "sigma_b": 0.0}
    learner = kernel.KernelLearner(
        kernel.linear_kernel(**sigmas), kernel.LinearFunction(**sigmas, d=D, d_o=WAYS), RATES
    )
    print(f"linear kernel: {1e3 * seconds(learner.outer_step, [batch(n) for n in range(5)]):.1f} ms an outer step")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="*", default=[2, 32, 512])
    parser.add_argument("--terms", type=int, nargs="*", default=[2_000, 20_000, 50_000])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for width in [*options.widths, None]:
        compare(width, options.repetitions)
    kernels(options.terms)


if __name__ == "__main__":
    main()
