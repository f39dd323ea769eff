"""What it costs to train nets and to solve their infinite-width limits: operations counted, and memory held."""

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Positive, Several
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.parametrization.conventions import BaseNet


class Spec(Computation):
    """One solver, at several values of one size at a time while the others have the first of theirs.

    ``solver``: "net", a tanh net of ``size`` neurons trained by torch; "program", its limit as a tensor program of
    ``size`` sampled neurons; "alternating", the limit as mean field theory with ``size`` samples, whose cost is that
    of a sweep. Each trains on ``examples`` inputs in ``n_inputs`` dimensions for ``steps`` steps.
    """

    name: Literal["solver_costs"]
    solver: Literal["net", "program", "alternating"]
    size: Several[Count]
    examples: Several[Count]
    steps: Several[Count]
    n_inputs: Count
    n_hidden: Depth
    gamma0: Positive
    lr: Positive


class Cost(NamedTuple):
    """What a run has cost."""

    operations: float
    """Multiplications and additions of products of matrices and of triangular systems, as torch counts them."""
    peak: float
    """The most bytes that tensors held at one time."""


class _Setting(NamedTuple):
    size: int
    examples: int
    steps: int


def rows(spec: Spec, data: None) -> Rows:
    """Return ``operations`` and ``peak`` (bytes), the ``layer`` being the size that varies and the index its value.

    Counts and not times: they are the same on any machine. Eigenvalue problems, of which "alternating" has two a layer
    and sweep, are not among the operations.
    """
    run = {"net": _net, "program": _program, "alternating": _alternating}[spec.solver]
    out = Rows(spec.lr)
    base = _Setting(spec.size[0], spec.examples[0], spec.steps[0])
    for axis in _Setting._fields:
        for value in getattr(spec, axis):
            cost = run(spec, base._replace(**{axis: value}))
            out.add(0, "operations", cost.operations, layer=axis, index=value)
            out.add(0, "peak", cost.peak, layer=axis, index=value)
    return out


def _examples(spec: Spec, setting: _Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs [P, D] and targets −1 and +1 [P]."""
    rng = numpy_stream("generation", "solver_costs", setting.examples)
    x = rng.standard_normal((setting.examples, spec.n_inputs))
    return x, np.resize([-1.0, 1.0], setting.examples)


def _base(spec: Spec) -> "BaseNet":
    from infwidth.parametrization.conventions import base_net

    return base_net(spec.lr, spec.gamma0, 1, layer_lr="variance", optimizer="sgd")


def _mlp(spec: Spec) -> Callable[[int], "torch.nn.Module"]:
    from infwidth.models.mlp import MLP

    shape = (spec.n_inputs,)
    return lambda width: MLP(shape, 1, width=width, n_hidden=spec.n_hidden, activation="tanh", bias=False)


def _net(spec: Spec, setting: _Setting) -> Cost:
    from infwidth.parametrization import parametrize

    def prepared() -> tuple["torch.nn.Module", "torch.optim.Optimizer"]:
        build = _mlp(spec)
        net, base = build(setting.size), _base(spec)
        plan = parametrize(
            net, build(1), "mup", optimizer="sgd", lr=base.lr, readout_scale=base.readout_scale,
            layer_lr="variance", delta_model=build(2),
        )  # fmt: skip
        plan.init_(net, seed=0)
        return net, plan.optimizer(net)

    return _trained(spec, setting, prepared)


def _program(spec: Spec, setting: _Setting) -> Cost:
    from infwidth.programs import infinite

    def prepared() -> tuple["torch.nn.Module", "torch.optim.Optimizer"]:
        base = _base(spec)
        net = infinite(
            _mlp(spec), base_width=1, neurons=setting.size, lr=base.lr, readout_scale=base.readout_scale,
            layer_lr="variance",
        )  # fmt: skip
        return net, net.optimizer()

    return _trained(spec, setting, prepared)


def _trained(
    spec: Spec, setting: _Setting, prepared: Callable[[], tuple["torch.nn.Module", "torch.optim.Optimizer"]]
) -> Cost:
    """Return the cost of training by autograd what ``prepared`` makes."""
    import torch

    x, y = (torch.from_numpy(a).float() for a in _examples(spec, setting))

    def train() -> None:
        net, optimizer = prepared()
        for _ in range(setting.steps):
            optimizer.zero_grad()
            (net(x)[:, 0] - y).square().mean().backward()
            optimizer.step()

    return measured(train)


def _alternating(spec: Spec, setting: _Setting) -> Cost:
    from infwidth.limits.alternating_dmft import alternating_dmft

    x, y = _examples(spec, setting)
    sweeps = []

    def solve() -> None:
        solved = alternating_dmft(
            x @ x.T / spec.n_inputs, y, activation="tanh", n_hidden=spec.n_hidden, gamma0=spec.gamma0,
            lr=2 * spec.lr / len(x), steps=setting.steps, samples=setting.size, tolerance=0.1,
        )  # fmt: skip
        sweeps.append(len(solved.changes))

    cost = measured(solve)
    return cost._replace(operations=cost.operations / sweeps[0])


def measured(run: Callable[[], None]) -> Cost:
    """Return what ``run()`` costs in tensors of torch; what is garbage there has to be freed by reference counts."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode
    from torch.utils.weak import WeakIdKeyDictionary

    class Held(TorchDispatchMode):
        """Counts the bytes of the storages that operations have made, while they live."""

        def __init__(self) -> None:
            super().__init__()
            self.now = self.peak = 0
            self.seen = WeakIdKeyDictionary()

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            real = [x for x in tree_leaves(made) if isinstance(x, torch.Tensor) and not x.is_meta]
            for tensor in real:
                if (storage := tensor.untyped_storage()) not in self.seen:
                    self.seen[storage] = True
                    self.now += storage.nbytes()
                    self.peak = max(self.peak, self.now)
                    weakref.finalize(storage, self._free, storage.nbytes())
            return made

        def _free(self, size: int) -> None:
            self.now -= size

    def triangular(a: list[int], b: list[int], *_: Any, **_more: Any) -> int:
        return int(np.prod(b)) * a[-1]

    operations = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.linalg_solve_triangular: triangular})
    with operations, Held() as held:
        run()
    return Cost(float(operations.get_total_flops()), float(held.peak))
