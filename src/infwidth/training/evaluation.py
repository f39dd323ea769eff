"""A net as it is at an evaluation, and the recording of its layers."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import torch
from torch import nn

from infwidth.data.load import Labelled
from infwidth.training.examples import CHUNK, Examples, examples
from infwidth.training.losses import Loss
from infwidth.training.member import Member


class Evaluation:
    """A net as it is after ``step`` updates; what several probes need of it is computed once, when first asked for.

    Nothing kept here holds a graph of gradients: an evaluation lives until the next one, and a graph would too.
    """

    def __init__(
        self, member: Member, step: int, data: Labelled, batch: Examples, loss: Loss, *, last: bool = False
    ) -> None:
        """``batch`` is the first training batch: a fixed set of examples for probes that need few.

        ``last`` says that no evaluation follows: the one at which probes with ``at: last`` measure.
        """
        self.member, self.step, self.data, self.batch, self.loss, self.last = member, step, data, batch, loss, last
        self._first_windows: dict[int | None, torch.Tensor] = {}

    @property
    def of_text(self) -> bool:
        """Whether the examples are windows of a text, with a label for each place."""
        return self.data.y_test.dim() > 1

    @cached_property
    def test_outputs(self) -> torch.Tensor:
        """Logits of the whole test set [P, k]; those of all windows would be too large (:meth:`first_test_outputs`)."""
        return self.outputs(examples(self.data, "test", slice(None)))

    def first_test_outputs(self, points: int | None) -> torch.Tensor:
        """Logits of the first ``points`` test examples (all for None); of windows no others are computed or kept."""
        if not self.of_text:
            return self.test_outputs[:points]
        if points not in self._first_windows:
            self._first_windows[points] = self.outputs(examples(self.data, "test", slice(0, points)))
        return self._first_windows[points]

    def outputs(self, of: Examples) -> torch.Tensor:
        """Logits [P, k], without gradients."""
        return torch.cat([outputs for outputs, _ in self.parts(of)])

    def parts(self, of: Examples) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Logits and labels of the examples, a part at a time, without gradients."""
        for part in of.chunks(CHUNK):
            with torch.no_grad():
                outputs = self.member.outputs(part)
            yield outputs, part.y

    def hidden(self, x: torch.Tensor, layers: Collection[str] | None = None) -> dict[str, torch.Tensor]:
        """Preactivations of ``layers`` (None: of every layer) on ``x``, without gradients."""
        modules = self.member.hidden_layers
        chosen = {name: module for name, module in modules.items() if layers is None or name in layers}
        with torch.no_grad(), recorded(chosen) as preactivations:
            self.member.model(x)
        return preactivations

    @cached_property
    def _on_batch(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        with torch.no_grad(), recorded(self.member.hidden_layers) as preactivations:
            return self.member.outputs(self.batch), preactivations

    @property
    def batch_outputs(self) -> torch.Tensor:
        """Logits of the first batch [P, k]."""
        return self._on_batch[0]

    @property
    def batch_hidden(self) -> dict[str, torch.Tensor]:
        """Preactivations of every layer on the first batch."""
        return self._on_batch[1]

    @cached_property
    def batch_gradients(self) -> dict[str, torch.Tensor]:
        """∂ℓ_p/∂h_p of every layer on the first batch, ℓ_p the loss of one example."""
        with torch.enable_grad(), recorded(self.member.hidden_layers) as hidden:
            outputs = self.member.outputs(self.batch)
            loss = self.loss(outputs, self.batch.y) * len(outputs)
        return dict(zip(hidden, torch.autograd.grad(loss, list(hidden.values())), strict=True))


@contextmanager
def recorded(layers: Mapping[str, nn.Module], *, inputs: bool = False) -> Iterator[dict[str, torch.Tensor]]:
    """Record the outputs of ``layers``, or their inputs, during the forward passes made inside the context."""
    values: dict[str, torch.Tensor] = {}

    def recorder(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            values[name] = arguments[0] if inputs else output

        return hook

    handles = [layer.register_forward_hook(recorder(name)) for name, layer in layers.items()]
    try:
        yield values
    finally:
        for handle in handles:
            handle.remove()
