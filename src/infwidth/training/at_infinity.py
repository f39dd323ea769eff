"""A net of a cell at infinite width, held as a sample of its neurons."""

import torch

from infwidth.data.load import Labelled
from infwidth.models.shapes import shapes_only
from infwidth.programs import infinite_net
from infwidth.specs.cells import Recipe
from infwidth.training.examples import Examples
from infwidth.training.member import Member, make_plan, model_of


class InfiniteMember(Member):
    """The limit of the nets of a recipe, in the place of one of them: ``model.width`` neurons, sampled by ``seed``.

    Its output starts at zero, so that f and f − f0 are the same. Raises SpecError for what has no limit here.
    """

    def __init__(self, spec: Recipe, data: Labelled, *, seed: int, lr: float, device: torch.device) -> None:
        neurons, base_width = spec.model.width, spec.parametrization.base_width
        self.seed, self.lr, self.initial = seed, lr, None
        with shapes_only():
            self.model = model_of(spec, data, neurons)
        self.plan = make_plan(self.model, spec, data, lr)
        self.net = infinite_net(
            self.model,
            self.plan,
            lambda width: model_of(spec, data, width),
            base_width=base_width,
            neurons=neurons,
            seed=seed,
            dtype=getattr(torch, spec.training.dtype),
            device=device,
        )

    def optimizer(self) -> torch.optim.Optimizer:
        """Return what trains it: its ``step()`` also moves the weights between infinite layers."""
        return self.net.optimizer()

    def outputs(self, examples: Examples) -> torch.Tensor:
        """Return the logits [P, k], of windows [P, T, k]."""
        return self.net(examples.x)
