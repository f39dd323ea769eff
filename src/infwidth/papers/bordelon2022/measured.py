"""What figures and claims share: kernels of nets and of theories, and how far they are apart."""

from math import isqrt

import numpy as np
import pandas as pd

from infwidth.analysis.distances import alignment, kernels, relative_distance
from infwidth.analysis.table import Table, Tables

#: Feature and gradient kernels, Φ and G, as the tables name them.
KERNELS = ("kernel", "gradient_kernel")
#: The theories of deep linear nets that leave something out.
APPROXIMATIONS = ("independent_gradients", "perturbation", "static")


def mean_of(rows: pd.DataFrame) -> np.ndarray:
    """Return a square matrix, the mean over seeds of rows of one metric, layer and step."""
    values = rows.groupby("index").value.mean().to_numpy()
    side = isqrt(len(values))
    return values.reshape(side, side)


def limit_of(limit: Table, metric: str, layer: str) -> np.ndarray:
    """Return a matrix of the limit at its last step, the mean over its samples if it has any."""
    return mean_of(limit.at(layer=layer, step=limit.last_step()).limit(metric))


def layers_of(table: Table) -> list[str]:
    """Return the hidden layers, in order of depth."""
    return sorted(table.at(metric="kernel").values("layer"), key=lambda name: int(name[1:]))


def relative_distances(nets: Table, limit: Table, metric: str, layer: str) -> pd.DataFrame:
    """Return |K − K_∞|/|K_∞| of every net's final kernel: columns width, seed, value."""
    exact = limit_of(limit, metric, layer)
    found = kernels(nets, step=nets.last_step(), layer=layer, metric=metric)
    records = [(width, seed, relative_distance(kernel, exact)) for (width, seed), kernel in found.items()]
    return pd.DataFrame(records, columns=["width", "seed", "value"])


def cosines(nets: Table, limit: Table, *, metrics: tuple[str, ...] = KERNELS, initial: bool = False) -> pd.DataFrame:
    """Return the cosine of nets' final kernels with the limit's, final or ``initial``.

    ``nets`` are of one size. Columns metric, layer, seed, value.
    """
    records, step = [], nets.last_step()
    for metric in metrics:
        for layer in layers_of(nets):
            of_limit = limit.at(layer=(layer, ""), step=0 if initial else step)
            exact = mean_of(of_limit.limit(f"initial_{metric}" if initial else metric))
            of_nets = kernels(nets, step=step, layer=layer, metric=metric, axis=_axis(nets))
            records += [(metric, layer, seed, alignment(k, exact)) for (_, seed), k in of_nets.items()]
    return pd.DataFrame(records, columns=["metric", "layer", "seed", "value"])


def displacements(nets: Table) -> pd.DataFrame:
    """Return 1 − the cosine of final and initial feature kernel, mean over layers: columns n_hidden, seed, value."""
    rows = nets.nets("displacement")
    return rows.groupby(["n_hidden", "seed"]).value.mean().reset_index()


def loss_gaps(nets: Table, limit: Table) -> pd.DataFrame:
    """Return the loss less the limit's, mean over training, relative to the initial one: columns seed, value.

    ``nets`` are of one size.
    """
    exact = limit.limit("train_loss").groupby("step").value.mean()
    rows = nets.nets("train_loss")
    gap = rows.value - exact.reindex(rows.step).to_numpy()
    return rows.assign(value=gap / exact.loc[0]).groupby("seed").value.mean().reset_index()


def density_distance(of_nets: pd.DataFrame, of_limit: pd.DataFrame, centres: pd.DataFrame) -> float:
    """Return half the integral of the absolute difference of two densities in the same bins."""
    width = np.diff(centres.sort_values("index").value.to_numpy())[0]
    here, there = (rows.sort_values("index").value.to_numpy() for rows in (of_nets, of_limit))
    return float(np.abs(here - there).sum() * width / 2)


def theory_distances(theories: Table, theory: str) -> pd.DataFrame:
    """Return how far a theory's feature kernels are from the exact ones: columns gamma0, value.

    Relative distance of the final kernels of all layers together.
    """
    records = []
    for gamma0 in theories.values("gamma0"):
        exact, other = (
            np.stack([limit_of(of_one, "kernel", layer) for layer in layers_of(of_one)])
            for of_one in (theories.at(gamma0=gamma0, theory=name) for name in ("dmft", theory))
        )
        records.append((gamma0, relative_distance(other, exact)))
    return pd.DataFrame(records, columns=["gamma0", "value"])


def theory_cosines(tables: Tables) -> pd.DataFrame:
    """Return the cosine of nets' final feature kernels with those of every theory, mean over layers.

    Columns theory, gamma0, seed, value; at the richnesses of the nets.
    """
    nets, theories, records = tables["richness_networks"], tables["richness_theories"], []
    for gamma0 in nets.values("gamma0"):
        for theory in ("dmft", *APPROXIMATIONS):
            found = cosines(nets.at(gamma0=gamma0), theories.at(gamma0=gamma0, theory=theory), metrics=("kernel",))
            means = found.groupby("seed").value.mean()
            records += [(theory, gamma0, seed, value) for seed, value in means.items()]
    return pd.DataFrame(records, columns=["theory", "gamma0", "seed", "value"])


def difference_of_solutions(tables: Tables, *, in_errors: bool) -> float:
    """Return by how much two solutions of one theory differ in their final kernels, all layers and richnesses together.

    Either the root mean square over entries of the difference of their means in its standard errors, or the largest
    relative distance of a kernel.
    """
    squares, distances = [], []
    solutions = [tables[name] for name in ("nonlinear_dmft", "nonlinear_program")]
    for gamma0 in solutions[0].values("gamma0"):
        for metric in KERNELS:
            for layer in layers_of(solutions[0]):
                (a, error), (b, other) = (
                    _mean_and_error(solution.at(gamma0=gamma0, layer=layer, step=max), metric) for solution in solutions
                )
                squares.append((a - b) ** 2 / (error**2 + other**2))
                distances.append(relative_distance(a, b))
    return float(np.sqrt(np.mean(squares))) if in_errors else max(distances)


def _mean_and_error(limit: Table, metric: str) -> tuple[np.ndarray, np.ndarray]:
    over = limit.limit(metric).groupby("index").value
    return over.mean().to_numpy(), (over.std() / np.sqrt(over.count())).to_numpy()


def _axis(nets: Table) -> str:
    """Return a column that tells nets apart beside the seed."""
    return next(name for name in ("width", "n_hidden", "gamma0") if name in nets.frame)


def class_alignments(rows: pd.DataFrame) -> pd.DataFrame:
    """Return A(H, yyᵀ) = yᵀHy/(|H| |yyᵀ|) of kernels of two classes that take turns, y = ±1.

    ``rows`` are entries of kernels; columns are those that tell kernels apart, and value.
    """
    by = [name for name in ("gamma0", "width", "seed", "step") if name in rows]

    def align(entries: pd.Series) -> float:
        side = isqrt(len(entries))
        kernel, y = entries.to_numpy().reshape(side, side), np.resize([-1.0, 1.0], side)
        return alignment(kernel, np.outer(y, y))

    return rows.sort_values("index").groupby(by, dropna=False).value.apply(align).reset_index()


def cost_exponents(costs: Table) -> pd.DataFrame:
    """Return the exponent of every cost in every size, by regression of logs.

    Columns metric (operations, peak), layer (the size that varies), value.
    """
    found = costs.limit("operations", "peak").groupby(["metric", "layer"])
    records = [(*of, np.polyfit(np.log(rows["index"]), np.log(rows.value), 1)[0]) for of, rows in found]
    return pd.DataFrame(records, columns=["metric", "layer", "value"])
