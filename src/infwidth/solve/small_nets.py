"""Limits beside small finite nets, in numpy; all other nets are the trainer's."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infwidth.solve.records import Limit, signs

if TYPE_CHECKING:
    from infwidth.data.load import Data


def linear_mup(limit: Limit, _data: "Data | None") -> pd.DataFrame:
    """Return the linear μP limit beside its finite nets of one width, which are too small to need a trainer.

    ``limit_output``, and ``output_mean`` and ``output_std`` over nets: first output at the first input, at every step.
    For every net (seed), after the last step: ``trained_deviation``, the root mean square of f_n - f over outputs and
    ±1 inputs, and ``sampled_deviation``, that of a net drawn from the infinite one with the same initial weights.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits import linear_mup
    from infwidth.limits.abc_net import normals, train
    from infwidth.seeding import numpy_stream
    from infwidth.solve.abc_space import gauge_exponents

    d, d_o, width, n_seeds = limit["n_inputs"], limit["n_outputs"], limit["width"], limit["n_seeds"]
    examples = signs("linear_mup", limit["steps"], d + d_o)
    inputs, targets = examples[:, :d], examples[:, d:]
    history = linear_mup.train(inputs, targets, lr=limit["lr"])
    functions = np.stack([coefficients.function for coefficients in history])

    nets = [
        normals(numpy_stream("init", "linear_mup", width, seed), width=width, n_hidden=1, n_inputs=d, n_outputs=d_o)
        for seed in range(n_seeds)
    ]
    draws = [np.stack(layer) for layer in zip(*nets, strict=True)]
    mup = gauge_exponents("mup", 1, "0", transform_rate=True)
    trained = train(draws, mup, ACTIVATIONS["linear"], inputs=inputs, targets=targets, probes=np.eye(d), lr=limit["lr"])
    sampled = history[-1].sample(*draws)

    def deviation(of_nets: np.ndarray) -> np.ndarray:
        # The mean of (xᵀ M x) over x in {±1}^d is the trace of M.
        return np.sqrt(((of_nets - functions[-1]) ** 2).sum(axis=(1, 2)) / d_o)

    first = inputs[0]
    outputs = trained[:, :, 0] @ first
    curves = {
        "limit_output": functions[:, 0] @ first,
        "output_mean": outputs.mean(axis=1),
        "output_std": outputs.std(axis=1, ddof=1),
    }
    at_the_end = {"trained_deviation": deviation(trained[-1]), "sampled_deviation": deviation(sampled)}
    return pd.concat(
        [
            pd.DataFrame({"metric": m, "seed": -1, "of": of, "step": range(len(x)), "value": x})
            for (m, x), of in zip(curves.items(), ("limit", "ensemble", "ensemble"), strict=True)
        ]
        + [
            pd.DataFrame({"metric": m, "seed": range(n_seeds), "of": "net", "step": limit["steps"], "value": x})
            for m, x in at_the_end.items()
        ],
        ignore_index=True,
    )


def gauge_orbit(limit: Limit, _data: "Data | None") -> pd.DataFrame:
    """Return the outputs of one small tanh net, multipliers written out, at one point θ of its gauge orbit.

    ``output`` at four fixed inputs (index), at every step; initial normals and examples are the same for all θ.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import normals, train
    from infwidth.seeding import numpy_stream
    from infwidth.solve.abc_space import gauge_exponents

    n_probes, steps, d = 4, limit["steps"], limit["n_inputs"]
    rng = numpy_stream("init", "gauge_orbit", limit["width"])
    draws = normals(rng, width=limit["width"], n_hidden=limit["n_hidden"], n_inputs=d, n_outputs=1)
    examples = signs("gauge_orbit", steps, d + 1)
    outputs = train(
        [layer[None] for layer in draws],
        gauge_exponents(limit["rule"], limit["n_hidden"], limit["theta"], transform_rate=limit["transform_rate"]),
        ACTIVATIONS["tanh"],
        inputs=examples[:, :d],
        targets=examples[:, d:],
        probes=signs("gauge_orbit probes", n_probes, d),
        lr=limit["lr"],
    )
    step, index = np.divmod(np.arange(outputs.size), n_probes)
    return pd.DataFrame({"metric": "output", "seed": 0, "step": step, "index": index, "value": outputs.ravel()})


def correlation(limit: Limit, _data: "Data | None") -> pd.DataFrame:
    """Return how large W x is for weights independent of x and for their change, which is not, in a trained tanh net.

    Of the second of two hidden layers in μP, at the last example, for every net (seed): ``initial_product``, the root
    mean square of W_0 x over those of W_0 and x, which the central limit theorem says is √n, and ``update_product``,
    the same of the change of W, for which the law of large numbers says n.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import normals, trajectory
    from infwidth.seeding import numpy_stream
    from infwidth.solve.abc_space import gauge_exponents

    d, width = limit["n_inputs"], limit["width"]
    examples = signs("correlation", limit["steps"], d + 1)
    mup = gauge_exponents("mup", 2, "0", transform_rate=True)
    records = []
    for seed in range(limit["n_seeds"]):
        rng = numpy_stream("init", "correlation", width, seed)
        draws = [z[None] for z in normals(rng, width=width, n_hidden=2, n_inputs=d, n_outputs=1)]
        nets = trajectory(
            draws, mup, ACTIVATIONS["tanh"], inputs=examples[:, :d], targets=examples[:, d:], lr=limit["lr"]
        )
        first = last = next(nets)
        for net in nets:
            last = net
        x = last.forward(examples[-1, :d, None])[0][1]
        for name, weights in (("initial_product", first.w[1]), ("update_product", last.w[1] - first.w[1])):
            records.append((name, seed, _rms(weights @ x) / (_rms(weights) * _rms(x))))
    return pd.DataFrame(records, columns=["metric", "seed", "value"]).assign(step=limit["steps"])


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))
