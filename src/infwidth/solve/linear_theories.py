"""Deep linear nets at infinite width: the exact theory, and three that leave something out."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.order_parameters import FieldTraining, Problem, add_order_parameters

if TYPE_CHECKING:
    from infwidth.data.images import Images
    from infwidth.limits.dmft import DeepLinearDynamics


class Spec(FieldTraining):
    """A deep linear net trained at infinite width, by one theory.

    "dmft" is exact; "independent_gradients" takes forward and backward weights as independent; "perturbation" has the
    kernels to first order in γ0²; "static" is the lazy limit, whose kernels do not move.
    """

    name: Literal["linear_theories"]
    theory: Literal["dmft", "independent_gradients", "perturbation", "static"]


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the rows of ``field_dynamics`` but densities (which are Gaussian), as those of a limit.

    Also ``initial_kernel`` K^x [P, P], that of all layers before training.
    Raises SpecError for data of more than two classes, InfwidthError for a descent that diverges; a perturbation theory
    that does so is shown as it is.
    """
    problem, times = Problem(spec, data), spec.recorded
    dynamics = _solved(spec, problem)
    out = Rows(spec.lr)
    out.add(range(spec.steps + 1), "train_loss", dynamics.losses)
    features = dynamics.features[:, times][:, :, :, times]
    gradients = dynamics.gradients[:, times][:, :, times]
    add_order_parameters(out, spec, features, gradients[:, :, None, :, None])
    out.add(0, "initial_kernel", problem.kernel)
    return out


def _solved(spec: Spec, problem: Problem) -> "DeepLinearDynamics":
    from infwidth.limits.dmft import deep_linear_dmft
    from infwidth.limits.dmft_perturbation import perturbed_dmft

    n_hidden, lr, steps = spec.n_hidden, problem.lr, spec.steps
    if spec.theory in ("perturbation", "static"):
        gamma0 = spec.gamma0 if spec.theory == "perturbation" else 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            return perturbed_dmft(problem.kernel, problem.targets, n_hidden=n_hidden, gamma0=gamma0, lr=lr, steps=steps)
    return deep_linear_dmft(
        problem.kernel, problem.targets, n_hidden=n_hidden, gamma0=spec.gamma0, lr=lr, steps=steps,
        independent_gradients=spec.theory == "independent_gradients",
    )  # fmt: skip
