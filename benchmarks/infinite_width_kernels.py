"""Speed of the exact kernels against what else there is, on one core.

    ./run python benchmarks/infinite_width_kernels.py
    ./run python benchmarks/infinite_width_kernels.py --neural-tangents PYTHON

The tangent kernel of a ReLU net with 3 hidden layers between 2000 and 2000 inputs of MNIST's size: ours, and the same
recursion written down plainly on whole matrices in numpy; with ``--neural-tangents`` also that of the JAX library, run
by the interpreter PYTHON of an environment that has it. Then convolutional kernels, for which there is nothing plain to
compare with: microseconds for a pair of images. CPU time, median over repetitions. The largest difference between the
results is printed too.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402

from infwidth.limits.kernels import cnn_kernels, kernels_of, mlp_layers  # noqa: E402

N_HIDDEN = 3

NEURAL_TANGENTS = """
import statistics, sys, time
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from neural_tangents import stax
layers = [stax.Dense(1, 2**0.5, 0.0), stax.Relu()] * int(sys.argv[2]) + [stax.Dense(1, 2**0.5, 0.0)]
kernel = jax.jit(stax.serial(*layers)[2], static_argnames="get")
with np.load(sys.argv[1] + "/inputs.npz") as inputs:
    a, b = inputs["a"] * 0.5**0.5, inputs["b"] * 0.5**0.5
result = np.asarray(kernel(a, b, get="ntk"))
times = []
for _ in range(int(sys.argv[3])):
    start = time.process_time()
    kernel(a, b, get="ntk").block_until_ready()
    times.append(time.process_time() - start)
np.save(sys.argv[1] + "/result.npy", result)
print(statistics.median(times))
"""


def plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The tangent kernel, every matrix whole: what one writes in ten lines."""
    d = a.shape[1]
    covariance, v1, v2 = a @ b.T / d, (a**2).mean(axis=1), (b**2).mean(axis=1)
    tangent = covariance
    scale = np.sqrt(np.outer(v1, v2))  # √2·ReLU keeps the variances
    for _ in range(N_HIDDEN):
        cosine = np.clip(covariance / scale, -1, 1)
        angle = np.arccos(cosine)
        covariance = scale * (np.sin(angle) + (np.pi - angle) * cosine) / np.pi
        tangent = covariance + (np.pi - angle) / np.pi * tangent
    return tangent


def ours(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return kernels_of(mlp_layers(N_HIDDEN, "unit_relu"), a, b).ntk


def median_time(compute: Callable[[], object], repetitions: int) -> float:
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        compute()
        times.append(time.process_time() - start)
    return statistics.median(times)


def neural_tangents(python: str, a: np.ndarray, b: np.ndarray, repetitions: int) -> tuple[float, np.ndarray]:
    """Return the time and the kernel of the library, compiled before it is timed, pinned to one core.

    Its layers of σ_w = √2 and ReLU are ours of σ_w = 1 and √2·ReLU; the first sees x/√2.
    """
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "inputs.npz", a=a, b=b)
        core = str(min(os.sched_getaffinity(0)))
        command = ["taskset", "-c", core, python, "-c", NEURAL_TANGENTS, folder, str(N_HIDDEN), str(repetitions)]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(found.stdout), np.load(Path(folder) / "result.npy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--neural-tangents", metavar="PYTHON")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, options.inputs, 784))

    own = median_time(lambda: ours(a, b), options.repetitions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"ours: {own:.2f} s, peak memory of the process {peak:.0f} MB")
    other = median_time(lambda: plain(a, b), options.repetitions)
    difference = np.abs(plain(a, b) - ours(a, b)).max()
    print(f"plain numpy: {other:.2f} s ({other / own:.2f} of ours), differs by {difference:.1e}")
    if options.neural_tangents:
        other, kernel = neural_tangents(options.neural_tangents, a, b, options.repetitions)
        difference = np.abs(kernel - ours(a, b)).max()
        print(f"neural-tangents: {other:.2f} s ({other / own:.2f} of ours), differs by {difference:.1e}")

    for side, pooling, readout, n in ((14, False, "flatten", 200), (14, True, "flatten", 20), (7, True, "flatten", 80)):
        x = rng.standard_normal((2, n, 1, side, side))
        net = {"n_convolutions": 2, "pooling": pooling, "readout": readout}
        took = median_time(lambda x=x, net=net: cnn_kernels(x[0], x[1], **net), options.repetitions)
        pooled = "poolings" if pooling else "no pooling"
        print(f"2 convolutions, {side}×{side}, {pooled}, {readout}: {took / n**2 * 1e6:.0f} µs a pair of images")


if __name__ == "__main__":
    main()
