"""Fields of multilayer perceptrons in training: of finite nets, and of infinitely wide ones as tensor programs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from infwidth.results.rows import Of, Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.order_parameters import (
    Array,
    FieldTraining,
    Problem,
    add_order_parameters,
    bin_centres,
    density,
)
from infwidth.specs.block import Count, Positive, Width
from infwidth.specs.models import Activation
from infwidth.specs.probes import Bins

if TYPE_CHECKING:
    import torch

    from infwidth.data.images import Images


class Spec(FieldTraining):
    """Nets of ``width`` neurons, or (``infinite``) infinitely wide ones held as samples of so many, a seed each.

    Densities of preactivations are counted in ``bins`` equal parts of [−``range``, ``range``].
    """

    name: Literal["field_dynamics"]
    activation: Activation
    width: Width
    infinite: bool = False
    n_seeds: Count
    bins: Bins
    range: Positive


class Moment(NamedTuple):
    """One net at one time."""

    f: Array
    """Its centred function f − f0 at the training examples, [P]."""
    h: Array
    """Preactivations h^l, [L, P, N]."""
    g: Array
    """γ0 N ∂f/∂h^l, [L, P, N]."""


def rows(spec: Spec, data: "Images") -> Rows:
    """Return what nets do in training: a seed, whether a net or a sample of the limit, has these rows.

    ``train_loss``, the mean over examples of (f − y)², at every step; the order parameters of
    :func:`add_order_parameters`, with Φ^l = φ(h^l)·φ(h^l)/N and G^l = g^l·g^l/N; of the limit also ``initial_kernel``
    and ``initial_gradient_kernel``. Of all seeds together: ``density`` [bins] of the preactivations of every layer at
    all training examples, before and after training, and the centres of its bins, ``bin_centre``.
    Raises SpecError for data of more than two classes.
    """
    from infwidth.activations import ACTIVATIONS

    problem, φ = Problem(spec, data), ACTIVATIONS[spec.activation]
    moments = _sampled if spec.infinite else _finite
    out = Rows(spec.lr)
    shown: dict[int, list[Array]] = {0: [], spec.steps: []}
    for seed in range(spec.n_seeds):
        recorded = []
        for step, moment in enumerate(moments(spec, problem, seed)):
            loss = ((problem.targets - moment.f) ** 2).mean()
            out.add(step, "train_loss", loss, seed=seed, of="limit" if spec.infinite else "net")
            if step in spec.recorded:
                recorded.append(moment)
            if step in shown:
                shown[step].append(moment.h)
        order = [
            [_products(fields) for fields in zip(*of_times, strict=True)]
            for of_times in ([φ.value(moment.h) for moment in recorded], [moment.g for moment in recorded])
        ]
        features, gradients = (np.stack(of_layers) for of_layers in order)
        if spec.activation == "linear":
            gradients = gradients[:, :, :1, :, :1]
        add_order_parameters(out, spec, features, gradients, seed=seed, of="limit" if spec.infinite else "net")
        if spec.infinite:
            for metric, of_layers in (("initial_kernel", features), ("initial_gradient_kernel", gradients)):
                for layer, kernels in enumerate(of_layers, start=1):
                    out.add(0, metric, kernels[0, :, 0], layer=f"h{layer}", seed=seed, of="limit")
    of: Of = "limit" if spec.infinite else "ensemble"
    out.add(0, "bin_centre", bin_centres(spec.bins, spec.range), of=of)
    for step, of_seeds in shown.items():
        for layer in range(spec.n_hidden):
            fields = np.concatenate([h[layer].ravel() for h in of_seeds])
            out.add(step, "density", density(fields, spec.bins, spec.range), layer=f"h{layer + 1}", of=of)
    return out


def _products(fields: tuple[Array, ...]) -> Array:
    """Return the means over neurons of the products of fields [P, N] at k times, [k, P, k, P]."""
    k, (points, neurons) = len(fields), fields[0].shape
    flat = np.stack(fields).reshape(k * points, neurons)
    return (flat @ flat.T / neurons).reshape(k, points, k, points)


def _finite(spec: Spec, problem: Problem, seed: int) -> Iterator[Moment]:
    """Yield a net of finite width, weights of unit variance, before training and after every step."""
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import descent, initial, normals

    L, N, γ0 = spec.n_hidden, spec.width, spec.gamma0
    rng = numpy_stream("init", "field_dynamics", N, seed)
    draws = [w[None] for w in normals(rng, width=N, n_hidden=L, n_inputs=problem.x.shape[1], n_outputs=1)]
    # f = w·φ/(γ0 N) and rates η γ0² N; the readout keeps w/γ0 as its weight, which learns at η N for that.
    net = initial(
        draws, ([0.0] + [0.5] * (L - 1) + [1.0], [0.0] * (L + 1), [-1.0] * (L + 1)), ACTIVATIONS[spec.activation]
    )
    net = net._replace(
        rates=[*(γ0**2 * rate for rate in net.rates[:-1]), net.rates[-1]], w=[*net.w[:-1], net.w[-1] / γ0]
    )
    x, y = problem.x.T, problem.targets[None]
    ones = np.ones((1, 1, len(problem.targets)))
    nets = descent(net, x, y, lr=2.0 * spec.lr)
    for _, (now, f) in zip(range(spec.steps + 1), nets, strict=False):
        _, leaving = now.forward(x)
        back = now.backward(leaving, ones)
        h, g = (np.stack([field[0].T for field in fields[:-1]]) for fields in (leaving, back))
        yield Moment(f[0, 0], h, γ0 * N * g)


def _sampled(spec: Spec, problem: Problem, seed: int) -> Iterator[Moment]:
    """Yield a sample of neurons of the infinitely wide net before training and after every step."""
    import torch

    from infwidth.models.mlp import MLP
    from infwidth.parametrization.conventions import base_net
    from infwidth.programs import infinite

    inputs = torch.from_numpy(problem.x * np.sqrt(problem.x.shape[1]))
    base = base_net(spec.lr, spec.gamma0, 1, layer_lr="variance", optimizer="sgd")
    shape, n_hidden, activation = (inputs.shape[1],), spec.n_hidden, spec.activation
    net = infinite(
        lambda width: MLP(shape, 1, width=width, n_hidden=n_hidden, activation=activation, bias=False),
        base_width=1,
        neurons=spec.width,
        lr=base.lr,
        readout_scale=base.readout_scale,
        layer_lr="variance",
        seed=seed,
        dtype=torch.float64,
    )
    targets, optimizer = torch.from_numpy(problem.targets), net.optimizer()
    h: list[torch.Tensor] = []
    for layer in net.net.hidden_layers.values():  # type: ignore[operator]
        layer.register_forward_hook(_keeps(h))
    start: torch.Tensor | None = None
    for step in range(spec.steps + 1):
        h.clear()
        outputs = net(inputs)[:, 0]
        start = outputs.detach() if start is None else start
        f = outputs - start
        # f at an example depends on the fields at that example alone: the gradient of the sum is that of each.
        back = torch.autograd.grad(outputs.sum(), h, retain_graph=True)
        for weight in net.gaussian.values():
            weight.pending.clear()  # what this has added to the gradient of the loss
        g = spec.gamma0 * spec.width * torch.stack(back)
        yield Moment(f.detach().numpy(), torch.stack(h).detach().numpy(), g.numpy())
        if step < spec.steps:
            optimizer.zero_grad()
            (f - targets).square().mean().backward()
            optimizer.step()


def _keeps(kept: "list[torch.Tensor]") -> Any:
    """Return a hook that adds what a layer returns to ``kept``."""

    def hook(_module: object, _inputs: object, output: "torch.Tensor") -> None:
        kept.append(output)

    return hook
