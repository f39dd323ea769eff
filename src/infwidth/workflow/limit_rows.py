"""Exact limits as rows: the numbers of an infinite-width computation in the shape that everything measured has.

A limit that needs no data set may hold small finite nets beside it, in numpy; all other nets are the trainer's.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from infwidth.errors import SpecError
from infwidth.results.rows import COLUMNS

if TYPE_CHECKING:
    from infwidth.data.labelled import Labelled

Limit = Mapping[str, Any]
Record = tuple[str, str, int, float]  # metric, layer, index, value


def limit_rows(limit: Limit, data: "Labelled | None") -> pd.DataFrame:
    """Return the rows of the limit of a cell's spec; ``data`` is None where the limit needs none."""
    if limit["name"] not in _LIMITS:
        raise SpecError(f"unknown limit '{limit['name']}'; known: {', '.join(_LIMITS)}")
    found = _LIMITS[limit["name"]](limit, data)
    if not isinstance(found, pd.DataFrame):
        found = pd.DataFrame(found, columns=["metric", "layer", "index", "value"])
    given = {"lr": limit.get("lr", np.nan), "seed": -1, "step": 0, "layer": "", "index": -1}
    missing = {name: value for name, value in given.items() if name not in found}
    return found.assign(**missing)[list(COLUMNS)].astype(COLUMNS)


def _one_step(limit: Limit, data: "Labelled | None") -> list[Record]:
    """Return the power laws of one SGD step: an exponent and a prefactor for what the nets' probes measure."""
    from infwidth.data.streams import Batches
    from infwidth.limits.one_step import one_step_limit

    assert data is not None, "the schema of cells asks for data here"
    batch = Batches(len(data.x_train), limit["batch_size"], mode="epochs").indices(0)
    x = data.x_train[batch].flatten(1).numpy()
    targets = np.eye(data.n_classes)[data.y_train[batch]]
    metrics = {"relative_update": "relative_change", "output": "output_scale", "gradient": "gradient_norm"}
    laws = one_step_limit(
        x,
        targets,
        n_hidden=limit["n_hidden"],
        richness=float(Fraction(limit["richness"])),
        lr=limit["lr"],
        loss_scale=2.0 / targets.size,  # torch's mse_loss: the mean over batch and outputs of (f − y)²
    )
    records: list[Record] = []
    for law in laws:
        if law.quantity not in metrics:
            continue
        metric, layer = metrics[law.quantity], "" if law.quantity == "output" else f"h{law.layer}"
        # A probe's gradient is that of one example's loss, the law's that of the batch mean: P times smaller.
        scale = len(x) if law.quantity == "gradient" else 1
        records.append((f"{metric}_exponent", layer, -1, law.exponent))
        records.append((f"{metric}_prefactor", layer, -1, law.prefactor * scale))
    return records


def _richness_family(limit: Limit, _data: "Labelled | None") -> list[Record]:
    """Return every layer's multiplier g, init std sigma and learning rate eta in one gauge, as exponents of the width.

    The family is affine in the richness: ``…_exponent`` at richness 0 and ``…_slope`` in the richness say all of it.
    They are halves of whole numbers, which floating point holds exactly.
    """
    from infwidth.parametrization.solver import solve

    lazy, rich = (solve(limit["n_hidden"], richness, limit["gauge"]) for richness in (0, 1))
    records: list[Record] = []
    for layer, (start, end) in enumerate(zip(lazy, rich, strict=True), start=1):
        for name in ("g", "sigma", "eta"):
            constant = getattr(start, name)
            records.append((f"{name}_exponent", f"W{layer}", -1, float(constant)))
            records.append((f"{name}_slope", f"W{layer}", -1, float(getattr(end, name) - constant)))
    return records


def _desiderata(limit: Limit, _data: "Labelled | None") -> list[Record]:
    """Return the desiderata as a linear system, and the degrees of freedom that are left as it is filled up.

    ``unknown``: names of the unknowns (as layer) and their columns (as index). For every equation (its name as layer):
    ``coefficient`` with the column as index, the ``right`` side, and ``freedom``, the dimension of the solutions of the
    equations so far. Equations of one kind come together, in the order in which the tutorial states them.
    """
    from infwidth.parametrization.linear import solve_exactly
    from infwidth.parametrization.solver import UNKNOWNS, desiderata

    columns = [(name, layer) for layer in range(1, limit["n_hidden"] + 2) for name in UNKNOWNS]
    kinds = ("backward", "activations", "NTC", "UUC", "MAX")
    equations = sorted(desiderata(limit["n_hidden"]), key=lambda equation: kinds.index(equation.name.split()[0]))
    rows = [[Fraction(equation.terms.get(column, 0)) for column in columns] for equation in equations]
    right = [equation.right for equation in equations]
    records: list[Record] = [("unknown", f"{name} {layer}", i, i) for i, (name, layer) in enumerate(columns)]
    for number, (equation, row) in enumerate(zip(equations, rows, strict=True)):
        space = solve_exactly(rows[: number + 1], right[: number + 1])
        assert space is not None, "the desiderata have solutions"
        records += [("coefficient", equation.name, i, float(value)) for i, value in enumerate(row) if value]
        records.append(("right", equation.name, number, float(equation.right)))
        records.append(("freedom", equation.name, number, len(space.directions)))
    return records


def _abc_verdicts(limit: Limit, _data: "Labelled | None") -> list[Record]:
    """Return exponents and verdicts of a named parametrization; see :mod:`infwidth.workflow.abc_space`."""
    from infwidth.workflow.abc_space import verdict_rows

    return [record for n_hidden in limit["n_hidden"] for record in verdict_rows(limit["rule"], n_hidden)]


def _stable_polyhedron(limit: Limit, _data: "Labelled | None") -> list[Record]:
    """Return the polyhedron of stable abc-parametrizations; see :mod:`infwidth.workflow.abc_space`."""
    from infwidth.workflow.abc_space import polyhedron_rows

    return polyhedron_rows(limit["n_hidden"], limit["spacing"])


def _signs(name: str, *shape: int) -> np.ndarray:
    """Draw ±1, the same for all cells of one name and shape."""
    from infwidth.seeding import numpy_stream

    return numpy_stream("order", name).choice([-1.0, 1.0], shape)


def _linear_mup(limit: Limit, _data: "Labelled | None") -> pd.DataFrame:
    """Return the linear μP limit beside its finite nets of one width, which are too small to need a trainer.

    ``limit_output``, and ``output_mean`` and ``output_std`` over nets: first output at the first input, at every step.
    For every net (seed), after the last step: ``trained_deviation``, the root mean square of f_n - f over outputs and
    ±1 inputs, and ``sampled_deviation``, that of a net drawn from the infinite one with the same initial weights.
    """
    from infwidth.limits import linear_mup
    from infwidth.limits.abc_net import LINEAR, normals, train
    from infwidth.seeding import numpy_stream
    from infwidth.workflow.abc_space import gauge_exponents

    d, d_o, width, n_seeds = limit["n_inputs"], limit["n_outputs"], limit["width"], limit["n_seeds"]
    signs = _signs("linear_mup", limit["steps"], d + d_o)
    inputs, targets = signs[:, :d], signs[:, d:]
    history = linear_mup.train(inputs, targets, lr=limit["lr"])
    functions = np.stack([coefficients.function for coefficients in history])

    nets = [
        normals(numpy_stream("init", "linear_mup", width, seed), width=width, n_hidden=1, n_inputs=d, n_outputs=d_o)
        for seed in range(n_seeds)
    ]
    draws = [np.stack(layer) for layer in zip(*nets, strict=True)]
    mup = gauge_exponents("mup", 1, "0", transform_rate=True)
    trained = train(draws, mup, LINEAR, inputs=inputs, targets=targets, probes=np.eye(d), lr=limit["lr"])
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
        [pd.DataFrame({"metric": m, "seed": -1, "step": range(len(x)), "value": x}) for m, x in curves.items()]
        + [
            pd.DataFrame({"metric": m, "seed": range(n_seeds), "step": limit["steps"], "value": x})
            for m, x in at_the_end.items()
        ],
        ignore_index=True,
    )


def _gauge_orbit(limit: Limit, _data: "Labelled | None") -> pd.DataFrame:
    """Return the outputs of one small tanh net, multipliers written out, at one point θ of its gauge orbit.

    ``output`` at four fixed inputs (index), at every step; initial normals and examples are the same for all θ.
    """
    from infwidth.limits.abc_net import TANH, normals, train
    from infwidth.seeding import numpy_stream
    from infwidth.workflow.abc_space import gauge_exponents

    n_probes, steps, d = 4, limit["steps"], limit["n_inputs"]
    rng = numpy_stream("init", "gauge_orbit", limit["width"])
    draws = normals(rng, width=limit["width"], n_hidden=limit["n_hidden"], n_inputs=d, n_outputs=1)
    signs = _signs("gauge_orbit", steps, d + 1)
    outputs = train(
        [layer[None] for layer in draws],
        gauge_exponents(limit["rule"], limit["n_hidden"], limit["theta"], transform_rate=limit["transform_rate"]),
        TANH,
        inputs=signs[:, :d],
        targets=signs[:, d:],
        probes=_signs("gauge_orbit probes", n_probes, d),
        lr=limit["lr"],
    )
    step, index = np.divmod(np.arange(outputs.size), n_probes)
    return pd.DataFrame({"metric": "output", "seed": 0, "step": step, "index": index, "value": outputs.ravel()})


def _deep_linear_dmft(limit: Limit, data: "Labelled | None") -> pd.DataFrame:
    """Return the infinite-width training of a deep linear net on all training images of two classes, y = -1 and +1.

    ``lr`` is that of a net in the γ form trained with ``binary_mse``, the mean over P examples of (f - y)²: its
    -∂L/∂f is 2Δ/P, so that the limit's η is 2 lr / P. At every step ``train_loss``, that mean, and ``ntk_train_loss``,
    the same in the lazy limit; after the last, ``kernel`` [P, P] of the layers h1, …, hL, and ``ntk_kernel``, the
    lazy limit's for all layers. Rows of a kernel are those of a probe: flattened, ``index`` counting the entries.
    """
    from infwidth.limits.dmft import deep_linear_dmft, static_errors

    assert data is not None, "the schema of cells asks for data here"
    if data.n_classes != 2:
        raise SpecError(f"limit 'deep_linear_dmft' needs data of 2 classes (y = -1 and +1), not {data.n_classes}")
    x = data.x_train.flatten(1).double().numpy()
    kernel, targets = x @ x.T / x.shape[1], 2.0 * data.y_train.double().numpy() - 1.0
    n_hidden, steps, lr = limit["n_hidden"], limit["steps"], 2.0 * limit["lr"] / len(x)
    found = deep_linear_dmft(kernel, targets, n_hidden=n_hidden, gamma0=limit["gamma0"], lr=lr, steps=steps)
    lazy = static_errors(kernel, targets, n_hidden=n_hidden, lr=lr, steps=steps)

    losses = {"train_loss": found.losses, "ntk_train_loss": (lazy**2).mean(axis=1)}
    kernels = [("kernel", f"h{l}", k) for l, k in enumerate(found.feature_kernels, start=1)]  # noqa: E741
    return pd.concat(
        [
            pd.DataFrame({"metric": metric, "layer": "", "step": range(steps + 1), "index": -1, "value": loss})
            for metric, loss in losses.items()
        ]
        + [
            pd.DataFrame({"metric": metric, "layer": layer, "step": steps, "index": range(k.size), "value": k.ravel()})
            for metric, layer, k in [*kernels, ("ntk_kernel", "", kernel)]
        ],
        ignore_index=True,
    )


_LIMITS: dict[str, Callable[[Limit, "Labelled | None"], list[Record] | pd.DataFrame]] = {
    "one_step": _one_step,
    "richness_family": _richness_family,
    "desiderata": _desiderata,
    "abc_verdicts": _abc_verdicts,
    "stable_polyhedron": _stable_polyhedron,
    "linear_mup": _linear_mup,
    "gauge_orbit": _gauge_orbit,
    "deep_linear_dmft": _deep_linear_dmft,
}
