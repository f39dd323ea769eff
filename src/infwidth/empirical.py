r"""The tangent kernel of a finite net, Θ(x, x′) = ∂f(x)/∂θ D (∂f(x′)/∂θ)ᵀ, D the rates at which parameters learn.

For any torch module by :mod:`torch.func`, and for multilayer perceptrons by a formula that holds no Jacobian. With
D = 1 it is that of plain gradient descent on the parameters as they are. The NTK of a net in the NTK parametrization,
whose weights are σ_w w / √fan-in, is that of its effective weights W at the rates σ_w² / fan-in.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap

from infwidth.activations import Activation, activation_of
from infwidth.errors import SpecError

#: Entries of Jacobians held at a time (1 GiB in float64), unless those of one output at one input are more.
HELD = 1 << 27

#: Inputs whose gradients are taken together: of so many a CPU's cache holds the activations.
_TOGETHER = 64


def empirical_ntk(
    module: nn.Module,
    x: Tensor,
    x2: Tensor | None = None,
    *,
    full: bool = False,
    rates: Mapping[str, float] | None = None,
    held: int = HELD,
) -> Tensor:
    """Return the tangent kernel of ``module`` between inputs ``x`` [P, …] and ``x2`` [Q, …] (``x`` if left out).

    The mean over the k outputs of each output's kernel, [P, Q], or with ``full`` that of all pairs of outputs
    [P, Q, k, k], in float64. Every parameter that requires a gradient counts, at its rate in ``rates`` (one if None);
    ``held`` bounds the entries of Jacobians in memory. Gradients are taken in the module's own precision.

    Raises SpecError where the kernel is no function of two inputs: outputs that are not [P, k], dropout or other
    randomness that is on, batch normalization by the batch; where nothing requires a gradient; for complex parameters;
    and for rates of parameters that there are not, or negative ones.
    """
    if isinstance(module, nn.DataParallel):
        module = module.module
    refuse_what_has_no_kernel(module, x)
    parameters = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
    roots = _roots(parameters, rates)
    with torch.no_grad():
        first = module(x[:1])
    k = first.shape[1]
    size = sum(p.numel() for p in parameters.values())
    other = x if x2 is None else x2
    shape = (len(x), len(other), k, k) if full else (len(x), len(other))
    kernel = torch.zeros(shape, dtype=torch.float64, device=x.device)
    # All inputs at once and some outputs, if that fits: no Jacobian is then computed twice.
    n_inputs = max(1, min(max(len(x), len(other)), held // (size * (k if full else 1))))
    n_outputs = k if full else max(1, min(k, held // (size * n_inputs)))

    def jacobians(of: Tensor, outputs: Tensor, first: int = 0) -> Iterator[tuple[slice, Tensor]]:
        for start in range(first, len(of), n_inputs):
            part = slice(start, min(start + n_inputs, len(of)))
            yield part, _jacobian(module, parameters, roots, of[part], outputs)

    def itself_and(rows: slice, left: Tensor, outputs: Tensor) -> Iterator[tuple[slice, Tensor]]:
        yield rows, left
        yield from jacobians(x, outputs, rows.stop)

    for outputs in torch.eye(k, dtype=first.dtype, device=x.device).split(n_outputs):
        for rows, left in jacobians(x, outputs):
            blocks = jacobians(other, outputs) if x2 is not None else itself_and(rows, left, outputs)
            for columns, right in blocks:
                if full:
                    kernel[rows, columns] += torch.einsum("pcn,qdn->pqcd", left, right)
                else:
                    kernel[rows, columns] += _products(left, right) / k
                if x2 is None and columns != rows:
                    kernel[columns, rows] = kernel[rows, columns].permute(1, 0, *((3, 2) if full else ()))
    return kernel


def _roots(parameters: Mapping[str, Tensor], rates: Mapping[str, float] | None) -> dict[str, float]:
    if not parameters:
        raise SpecError("the module has no parameter that requires a gradient: nothing moves, and there is no kernel")
    if complex_ones := [name for name, p in parameters.items() if p.is_complex()]:
        raise SpecError(f"{', '.join(complex_ones)}: complex parameters have no tangent kernel here; split them in two")
    if rates is None:
        return dict.fromkeys(parameters, 1.0)
    if set(rates) != set(parameters):
        extra, missing = sorted(set(rates) - set(parameters)), sorted(set(parameters) - set(rates))
        raise SpecError(f"rates must name the module's trainable parameters: unknown {extra}, missing {missing}")
    if not all(0 <= rate < float("inf") for rate in rates.values()):
        raise SpecError("rates must be finite and not negative")
    return {name: rates[name] ** 0.5 for name in parameters}


def _jacobian(
    module: nn.Module, parameters: dict[str, Tensor], roots: Mapping[str, float], x: Tensor, outputs: Tensor
) -> Tensor:
    """Return the gradients of ``outputs`` (rows of a unit matrix) at ``x`` [P, …], at their rates: [P, outputs, n]."""

    def of_one(example: Tensor) -> Tensor:
        def f(of: dict[str, Tensor]) -> Tensor:
            return functional_call(module, of, (example[None],))[0]

        gradients = vmap(vjp(f, parameters)[1])(outputs)[0]
        return torch.cat([gradients[name].flatten(1) * root for name, root in roots.items()], 1)

    # Torch's recurrent layers start from a state that has no dimension for vmap to add: one input at a time.
    if any(isinstance(part, nn.RNNBase) for part in module.modules()):
        return torch.stack([of_one(example) for example in x]).detach()
    jacobian = outputs.new_empty(len(x), len(outputs), sum(p.numel() for p in parameters.values()))
    together = len(x) if x.is_cuda else _TOGETHER
    for start in range(0, len(x), together):
        jacobian[start : start + together] = vmap(of_one)(x[start : start + together]).detach()
    return jacobian


def _products(left: Tensor, right: Tensor) -> Tensor:
    """Return the inner products [P, Q] of [P, …] and [Q, …]; of one with itself a CPU computes one triangle only."""
    if left is right and not left.is_cuda and not left.requires_grad:
        flat = left.flatten(1).numpy()
        return torch.from_numpy(flat @ flat.T)
    return left.flatten(1) @ right.flatten(1).T


def refuse_what_has_no_kernel(module: nn.Module, x: Tensor) -> None:
    """Raise SpecError where the outputs of ``module`` at one input are no function of it, or are not [P, k].

    Dropout and batch normalization are told by their layers, other randomness by asking twice.
    """
    if not isinstance(x, Tensor):
        raise SpecError(f"inputs must be a torch.Tensor [P, …], as the module takes them, not a {type(x).__name__}")
    for name, part in module.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and (part.training or part.running_mean is None):
            raise SpecError(
                f"'{name}' normalizes by the batch, so that outputs depend on other inputs: call module.eval() first"
            )
        if isinstance(part, nn.modules.dropout._DropoutNd) and part.training and part.p > 0:
            raise SpecError(f"'{name}' drops out at random, p = {part.p}: call module.eval() first")
    with torch.no_grad(), torch.random.fork_rng(_cuda_devices(x)):
        first, second = module(x[:1]), module(x[:1])
    if not isinstance(first, Tensor):
        raise SpecError(f"the module returns a {type(first).__name__}; wrap it in one that returns a tensor [P, k]")
    if first.ndim != 2:
        raise SpecError(f"outputs must be [inputs, k] for a tangent kernel, not of shape {tuple(first.shape)}")
    if not torch.allclose(first, second, rtol=1e-3, atol=0.0, equal_nan=True):
        raise SpecError("outputs at one input differ from call to call: turn randomness off (module.eval()) first")


def _cuda_devices(x: Tensor) -> list[int]:
    return [x.device.index or 0] if x.device.type == "cuda" else []


def mlp_empirical_ntk(
    weights: Sequence[Tensor],
    x: Tensor,
    x2: Tensor | None = None,
    *,
    activation: str | Activation,
    biases: Sequence[Tensor] | None = None,
    rates: Sequence[float] | None = None,
    bias_rates: Sequence[float] | None = None,
    full: bool = False,
) -> Tensor:
    """Return the tangent kernel of f(x) = W_L φ(… φ(W_1 x + b_1) …) + b_L, as :func:`empirical_ntk` does.

    With a_l what enters layer l and δ_l = ∂f/∂h_l its gradient, Θ = Σ_l (η_l a_l·a_l′ + η_l^b) δ_l·δ_l′: no Jacobian is
    held, and a net of width 10⁴ costs what its forward pass does. ``weights`` are W_l [fan-out, fan-in], ``biases``
    b_l; ``rates`` and ``bias_rates`` the rates of the layers (one if None). Raises SpecError for an unknown activation.
    """
    φ = activation_of(activation)
    etas = [1.0] * len(weights) if rates is None else rates
    etas_b = [1.0] * len(weights) if bias_rates is None else bias_rates
    sides = [_passes(weights, x, φ, biases)]
    sides.append(sides[0] if x2 is None else _passes(weights, x2, φ, biases))
    product = "pcn,qdn->pqcd" if full else "pcn,qcn->pq"
    k = 1 if full else len(weights[-1])
    kernel = torch.zeros((), dtype=torch.float64, device=x.device)
    for (a, δ), (a2, δ2), η, η_b in zip(*sides, etas, etas_b, strict=True):
        entering = η * _products(a, a2) + (0.0 if biases is None else η_b)
        gradients = torch.einsum(product, δ, δ2)
        kernel = kernel + (entering[..., None, None] if full else entering) * gradients / k
    return kernel


def _passes(
    weights: Sequence[Tensor], x: Tensor, φ: Activation, biases: Sequence[Tensor] | None
) -> list[tuple[Tensor, Tensor]]:
    """Return for every layer what enters it [P, fan-in], and all outputs' gradients at what leaves [P, k, fan-out]."""
    entering, slopes = [x], []
    for layer, W in enumerate(weights):
        h = entering[-1] @ W.T + (0.0 if biases is None else biases[layer])
        entering.append(φ.value(h))
        slopes.append(φ.slope(h))
    δ = torch.eye(len(weights[-1]), dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
    gradients = [δ]
    for W, slope in zip(reversed(weights[1:]), reversed(slopes[:-1]), strict=True):
        δ = (δ @ W) * slope[:, None]
        gradients.append(δ)
    return list(zip(entering[:-1], reversed(gradients), strict=True))
