"""What all nets of a cell have in common: data, loss, the batch of every step, and when to evaluate."""

from dataclasses import replace

import torch

from infwidth.data.load import Labelled
from infwidth.data.streams import Batches, augment
from infwidth.errors import SpecError
from infwidth.models.shapes import shapes_only
from infwidth.specs.cells import Recipe
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import Examples, examples, on_device
from infwidth.training.losses import LOSSES
from infwidth.training.member import Member, model_of
from infwidth.training.schedule import evaluation_steps


class Problem:
    """The training that every net of a cell goes through.

    Args:
        spec: the cell's spec.
        data: its images or windows of text, on the device or not.
        device: where to compute.

    Raises SpecError where a single pass over the data is over before the last step.
    """

    def __init__(self, spec: Recipe, data: Labelled, device: torch.device) -> None:
        training = spec.training
        self.spec, self.device = spec, device
        self._dtype: torch.dtype = getattr(torch, training.dtype)
        self.data = on_device(data, device, self._dtype)
        self.loss = LOSSES[training.loss]
        self.steps: int = training.steps
        self.evaluation_steps = frozenset(evaluation_steps(training.steps, training.evaluations, training.spacing))
        self._batches = Batches(len(data.x_train), training.batch_size, mode=training.stream)
        self._augmentation = training.augmentation
        # Specs say so already where they say how much data there is; of all that a file has, only it does.
        if self._batches.max_steps is not None and self._batches.max_steps < self.steps:
            raise SpecError(
                f"training.steps {self.steps} is too many for a single pass over {len(data.x_train)} examples, which in"
                f" batches of {training.batch_size} lasts {self._batches.max_steps} steps"
            )

    def batch(self, step: int) -> Examples:
        """Return the batch of ``step``: the same for every width, parametrization and seed."""
        batch = examples(self.data, "train", self._batches.indices(step).to(self.device))
        if self._augmentation == "none":
            return batch
        return replace(batch, x=augment(batch.x, step, self._augmentation), split=None)

    def member(self, lr: float, seed: int) -> Member:
        """Return a net at initialisation."""
        return Member(self.spec, self.data, seed=seed, lr=lr, device=self.device)

    def bytes_of_a_net(self) -> int:
        """Return what the parameters of one net take."""
        with shapes_only():
            model = model_of(self.spec, self.data, self.spec.model.width)
        return sum(p.numel() for p in model.parameters()) * self._dtype.itemsize

    def evaluation(self, member: Member, step: int) -> Evaluation:
        """Return the evaluation of a net after ``step`` updates."""
        return Evaluation(member, step, self.data, self.batch(0), self.loss, last=step == self.steps)
