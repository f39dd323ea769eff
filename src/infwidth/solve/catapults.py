"""Lazy nets at rates beyond the linear threshold: the loss goes up, the curvature down, and the loss comes back."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images
    from infwidth.solve.stacked_members import Members


class Spec(Computation):
    """The nets of ``richness_sweep`` at one small γ, ``richness``, by full-batch descent on ``points`` images.

    Rates are ``factors`` of 2/λ, λ the largest eigenvalue of the Hessian at initialisation, by ``iterations`` products,
    which is found again at ``evaluations`` evenly spaced steps.
    """

    name: Literal["catapults"]
    n_hidden: Depth
    width: Width
    richness: Positive
    factors: Several[Positive]
    steps: Count
    points: Count
    evaluations: Count
    iterations: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the ``train_loss`` before every step at rates in ``factors`` (layer), and ``sharpness``, η λ.

    Nets that diverge have a row ``diverged``, and neither of them from then on.
    """
    from infwidth.solve.richness_problem import Problem
    from infwidth.solve.stacked_members import train

    j, seed = np.indices((len(spec.factors), spec.n_seeds)).reshape(2, -1)
    layers = np.array([f"{factor:g}" for factor in spec.factors])[j]
    problem = Problem(data, "mse", width=spec.width, n_hidden=spec.n_hidden, n_seeds=spec.n_seeds, points=spec.points)
    γ = np.full(len(j), float(spec.richness))
    unit = problem.eigenvalues(problem.members(γ, np.ones(len(j)), seed), spec.iterations)[:, 0]
    members = problem.members(γ, np.array(spec.factors, float)[j] * 2 / unit, seed)
    marks = set(np.linspace(0, spec.steps, spec.evaluations + 1).round().astype(int).tolist())
    out = Rows()

    def watch(step: int, present: "Members") -> None:
        if step not in marks or not len(present):
            return
        largest = problem.eigenvalues(present, spec.iterations)[:, 0]
        for number, value in zip(present.numbers.tolist(), largest, strict=True):
            out.add(step, "sharpness", value, seed=int(seed[number]), layer=str(layers[number]))

    _, losses, _ = train(members, [(problem.x, problem.y)] * spec.steps, "mse", watch)
    for number, curve in enumerate(losses.T):
        whose: dict[str, Any] = {"seed": int(seed[number]), "layer": str(layers[number])}
        lasted = np.isfinite(curve)
        out.add(np.flatnonzero(lasted), "train_loss", curve[lasted], **whose)
        if not lasted.all():
            out.add(lasted.sum(), "diverged", lasted.sum(), **whose)
    return out
