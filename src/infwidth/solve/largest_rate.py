"""The largest learning rate at which nets train, by bisection, and the one at which gradient descent turns unstable."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.solve.bracket import bracket
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Says, Width
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import NamedRule

if TYPE_CHECKING:
    import torch

    from infwidth.data.images import Images

#: A loss so much larger than the first one does not come back, as one of a catapult does.
_LOST = 1e8
#: Where the search starts, in units of the linear threshold: wide nets come down again from about so far beyond.
_BEYOND = 16


class Spec(Computation):
    """MLPs with √2·ReLU under a ``rule`` that continues ``base_width``, trained by SGD on the mean squared error.

    All layers learn at the base rate η, the read-in at η/d, d its inputs. ``precision``: the largest rate that trains
    and the smallest tried above it that does not are at most so far apart, relative to each other.
    """

    name: Literal["largest_rate"]
    width: Width
    n_hidden: Depth
    rule: NamedRule
    base_width: Count
    batch_size: Count
    steps: Count
    precision: Annotated[float, Field(gt=0, le=1), Says("must be a number above 0, up to 1")]
    n_seeds: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the largest rate that trains and the linear threshold of every net.

    - ``largest_rate``: a rate trains if the loss stays finite and is lower after ``steps`` updates than before, and
      outputs still tell images apart, as those of a dead net do not. From sixteen times the threshold by factors of two
      to the first change, then by bisection of the logarithm; nets of all widths and seeds see the same batches.
    - ``linear_threshold``: 2/λ, λ the largest eigenvalue of the loss's Gauss–Newton matrix at initialisation on the
      first batch of P images, 2/(P k) times the exact tangent kernel. Above it linear nets diverge; others may come
      down again on a flatter place (Lewkowycz et al. 2020).
    """
    out = Rows()
    for seed in range(spec.n_seeds):
        net = _Net(spec, data, seed)
        threshold = net.linear_threshold()
        out.add(0, "linear_threshold", threshold, seed=seed)
        rate, _ = bracket(net.trains, start=_BEYOND * threshold, precision=spec.precision)
        out.add(spec.steps, "largest_rate", rate, seed=seed)
    return out


class _Net:
    """One net, trained again and again from its initialisation."""

    def __init__(self, spec: Spec, data: "Images", seed: int) -> None:
        import torch

        from infwidth.data.streams import Batches
        from infwidth.models.mlp import MLP
        from infwidth.models.shapes import shapes_only
        from infwidth.parametrization import parametrize

        def model_of(width: int) -> "torch.nn.Module":
            shape = tuple(data.x_train.shape[1:])
            return MLP(shape, data.n_classes, width=width, n_hidden=spec.n_hidden, activation="unit_relu", bias=False)

        self._model = model_of(spec.width)
        with shapes_only():
            base, other = model_of(spec.base_width), model_of(2 * spec.base_width)
        plan = parametrize(self._model, base, spec.rule, optimizer="sgd", lr=1.0, delta_model=other)
        plan.init_(self._model, seed)
        self._weights = list(self._model.parameters())
        self._start = [w.detach().clone() for w in self._weights]
        rates = [its.lr for its in plan.values()]
        self._rates = [rates[0] / self._weights[0].shape[1], *rates[1:]]
        self._x = data.x_train
        self._y = torch.nn.functional.one_hot(data.y_train.long(), data.n_classes).to(self._x.dtype)
        batches = Batches(len(self._x), spec.batch_size)
        self._batches = [batches.indices(step) for step in range(spec.steps)]
        self._first = self._loss(torch.cat(self._batches).unique()).item()

    def linear_threshold(self) -> float:
        import torch

        from infwidth.empirical import mlp_empirical_ntk

        x = self._x[self._batches[0]].flatten(1)
        kernel = mlp_empirical_ntk(self._start, x, activation="unit_relu", rates=self._rates, full=True)
        size = kernel.shape[0] * kernel.shape[2]
        return size / float(torch.linalg.eigvalsh(kernel.transpose(1, 2).reshape(size, size))[-1])

    def trains(self, lr: float) -> bool:
        import torch

        with torch.no_grad():
            for w, start in zip(self._weights, self._start, strict=True):
                w.copy_(start)
        for batch in self._batches:
            loss = self._loss(batch)
            if not loss.item() < _LOST * self._first:
                return False
            gradients = torch.autograd.grad(loss, self._weights)
            with torch.no_grad():
                for w, rate, gradient in zip(self._weights, self._rates, gradients, strict=True):
                    w.add_(gradient, alpha=-lr * rate)
        with torch.no_grad():
            seen = torch.cat(self._batches).unique()
            return self._loss(seen).item() < self._first and bool(self._model(self._x[seen]).std(0).max() > 0)

    def _loss(self, rows: "torch.Tensor") -> "torch.Tensor":
        return (self._model(self._x[rows]) - self._y[rows]).square().mean()
