"""What training does to nets from lazy to ultra-rich: their losses, features and the spectra of their Hessians."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images
    from infwidth.solve.richness_problem import Problem
    from infwidth.solve.stacked_members import Members

Array = np.ndarray

#: One part in so many of the eigenvalues that so many products give, the largest, has converged.
CONVERGED = 4


class Spec(Computation):
    """The nets of ``richness_sweep`` on squared errors at one rate for each γ, ``factor`` in its unit, followed.

    On ``points`` test images, at ``evaluations`` times besides the start, evenly in the logarithm of the step. The
    Hessian is that of every net's loss on them before training and at the first evaluation at which a ``level`` of the
    initial loss is left, by ``iterations`` products, which give a quarter as many eigenvalues.
    """

    name: Literal["richness_paths"]
    n_hidden: Depth
    width: Width
    richness: Several[Positive]
    factor: Positive
    level: Positive
    steps: Count
    batch_size: Count
    points: Count
    evaluations: Count
    iterations: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return how nets of every γ (index; ``richness``) train at their ``rate``, on the test points at every evaluation.

    ``loss_left`` of the initial loss; ``task_alignment``, the cosine of the last hidden layer's centred feature kernel
    with the targets'; ``layer_alignment`` of the readout with the layer below; and ``hessian_eigenvalue`` by rank
    (layer), of H in the metric of the rates with η taken out, so that η times it is stable below 2: at step 0, and at
    the step of the level for nets that come to it.
    """
    from infwidth.limits.richness_toy import rate_unit
    from infwidth.solve.richness_problem import Problem
    from infwidth.solve.stacked_members import train

    γ = np.array(spec.richness, float)
    rate = spec.factor * rate_unit(γ, spec.n_hidden + 1)
    i, seed = np.indices((len(γ), spec.n_seeds)).reshape(2, -1)
    problem = Problem(data, "mse", width=spec.width, n_hidden=spec.n_hidden, n_seeds=spec.n_seeds, points=spec.points)
    members = problem.members(γ[i], rate[i], seed)
    seen = _Seen(problem, spec, members)
    train(members, problem.batches(spec.steps, spec.batch_size), "mse", seen)
    out = Rows()
    out.add(0, "richness", γ)
    out.add(0, "rate", rate)
    for step, which, values in seen.spectra:
        for rank in range(-(-values.shape[1] // CONVERGED)):
            value = values[:, rank] / rate[i[which]]
            out.add(step, "hessian_eigenvalue", value, index=i[which], seed=seed[which], layer=str(rank + 1))
    for step, whose, metrics in seen.numbers:
        for metric, values in metrics.items():
            out.add(step, metric, values, index=i[whose], seed=seed[whose])
    return out


class _Seen:
    """An observer of a training: what is seen of its members at every evaluation.

    ``numbers`` are a step, the members there are then, and their values by metric; ``spectra`` a step, members and the
    largest eigenvalues of their η H [members, iterations].
    """

    def __init__(self, problem: "Problem", spec: Spec, members: "Members") -> None:
        self._problem, self._spec = problem, spec
        self._marks = {0, *np.geomspace(1, spec.steps, spec.evaluations).round().astype(int).tolist()}
        self._first = members.losses(problem.x, problem.y, "mse").numpy()
        self._waiting = np.ones(len(members), bool)
        self.numbers: list[tuple[int, Array, dict[str, Array]]] = []
        self.spectra: list[tuple[int, Array, Array]] = []

    def __call__(self, step: int, members: "Members") -> None:
        if step not in self._marks or not len(members):
            return
        import torch

        problem, whose = self._problem, members.numbers.numpy()
        left = members.losses(problem.x, problem.y, "mse").numpy() / self._first[whose]
        metrics = {
            "loss_left": left,
            "task_alignment": problem.task_alignment(members).numpy(),
            "layer_alignment": members.layer_alignment().numpy(),
        }
        self.numbers.append((step, whose, metrics))
        due = np.full(len(whose), True) if step == 0 else self._waiting[whose] & (left < self._spec.level)
        if due.any():
            self._waiting[whose[due]] = step == 0
            found = problem.eigenvalues(members[torch.from_numpy(due)], self._spec.iterations)
            self.spectra.append((step, whose[due], found))
