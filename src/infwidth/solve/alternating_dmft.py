"""The training of nonlinear nets at infinite width as self-consistent mean field theory, solved by alternation."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.order_parameters import FieldTraining, Problem, add_order_parameters, bin_centres, density
from infwidth.specs.block import Count, Positive
from infwidth.specs.models import Activation
from infwidth.specs.probes import Bins

if TYPE_CHECKING:
    from infwidth.data.images import Images


class Spec(FieldTraining):
    """``n_seeds`` independent solutions, each with ``samples`` neurons a layer.

    Densities of preactivations are counted in ``bins`` equal parts of [−``range``, ``range``].
    """

    name: Literal["alternating_dmft"]
    activation: Activation
    samples: Count
    n_seeds: Count
    tolerance: Positive
    bins: Bins
    range: Positive


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the rows of ``field_dynamics`` as those of a limit, a seed a solution, and how the iteration went.

    ``change`` (index: sweep) is by how much each sweep changed the order parameters, relative to them.
    Raises SpecError for data of more than two classes, InfwidthError where the iteration does not settle.
    """
    from infwidth.limits.alternating_dmft import alternating_dmft

    problem, times = Problem(spec, data), spec.recorded
    out = Rows(spec.lr, of="limit")
    shown: dict[int, list[np.ndarray]] = {0: [], spec.steps: []}
    for seed in range(spec.n_seeds):
        solved = alternating_dmft(
            problem.kernel, problem.targets, activation=spec.activation, n_hidden=spec.n_hidden, gamma0=spec.gamma0,
            lr=problem.lr, steps=spec.steps, samples=spec.samples, seed=seed, tolerance=spec.tolerance,
        )  # fmt: skip
        out.add(range(spec.steps + 1), "train_loss", solved.losses, seed=seed)
        order = (array[:, times][:, :, :, times] for array in (solved.features, solved.gradients))
        add_order_parameters(out, spec, *order, seed=seed)
        out.add(spec.steps, "change", solved.changes, seed=seed)
        for step, of_seeds in shown.items():
            of_seeds.append(solved.fields[:, :, step])
    out.add(0, "bin_centre", bin_centres(spec.bins, spec.range))
    for step, of_seeds in shown.items():
        for layer in range(spec.n_hidden):
            fields = np.concatenate([h[layer].ravel() for h in of_seeds])
            out.add(step, "density", density(fields, spec.bins, spec.range), layer=f"h{layer + 1}")
    return out
