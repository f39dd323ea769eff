"""A training at infinite width: the data, batches, loss and probes of a training of finite nets."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.specs.cells import Computation, Recipe
from infwidth.specs.data import Images, Windows

if TYPE_CHECKING:
    from infwidth.data.load import Labelled

#: What can be measured of a sample of neurons: outputs, and what averages over neurons.
_PROBES = ("losses", "logits", "output_scale", "feature_kernels", "preactivation_histograms", "representations")


class Spec(Computation, Recipe):
    """The limit of the nets of one training. ``model.width`` is the number of sampled neurons, a seed a sample."""

    name: Literal["infinite_training"]
    takes: ClassVar = (Images, Windows)

    @model_validator(mode="after")
    def _has_a_limit_to_measure(self) -> Self:
        if len(self.optimizer.lr) != 1:
            raise ValueError(f"optimizer.lr: at infinite width one learning rate a cell, not {len(self.optimizer.lr)}")
        if strange := [probe.name for probe in self.probes if probe.name not in _PROBES]:
            raise ValueError(f"probes: at infinite width there is no {strange[0]}; there are {', '.join(_PROBES)}")
        if self.training.perturbation:
            raise ValueError("training.perturbation: a sample of neurons is no net that rounding would move")
        return self


def rows(spec: Spec, data: "Labelled") -> Rows:
    """Return what the probes say of the infinite net, independent samples of its neurons by ``seed``.

    Every seed is an independent sample of neurons, of the same limit on the same batches.
    """
    from infwidth.training.at_infinity import InfiniteMember
    from infwidth.training.evaluation import Evaluation
    from infwidth.training.probes import make_probes
    from infwidth.training.problem import Problem

    (lr,) = spec.optimizer.lr
    problem = Problem(spec, data, data.x_train.device)
    out = Rows(lr, of="limit")
    for seed in spec.seeds:
        member = InfiniteMember(spec, problem.data, seed=seed, lr=lr, device=problem.device)
        optimizer, probes = member.optimizer(), make_probes([probe.model_dump() for probe in spec.probes])
        out.seed = seed
        for step in range(spec.training.steps + 1):
            if step in problem.evaluation_steps:
                evaluation = Evaluation(
                    member, step, problem.data, problem.batch(0), problem.loss, last=step == problem.steps
                )
                for probe in probes:
                    if step == 0:
                        probe.start(evaluation)
                    probe.measure(evaluation, out)
            if step < problem.steps:
                batch = problem.batch(step)
                optimizer.zero_grad()
                problem.loss(member.outputs(batch), batch.y).backward()
                optimizer.step()
    return out
