"""An ordinary torch model at infinite width: the model itself, its matrices between wide layers known by their law."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import ParameterPlan, Plan, Role, classify, parametrize
from infwidth.parametrization.layouts import Kind
from infwidth.parametrization.starts import is_deliberate
from infwidth.programs.gaussian import Draw
from infwidth.programs.layers import GaussianConv2d, GaussianLinear, GaussianWeight
from infwidth.programs.optimizers import InfiniteAdamW, InfiniteSGD
from infwidth.seeding import torch_stream


class InfiniteNet(nn.Module):
    """A net of infinite width, held as a sample of its neurons; made by :func:`infinite`.

    Attributes:
        net: the model with as many sampled neurons as its width says.
        plan: the parametrization of every parameter of the original model.
        gaussian: name of a hidden weight in the plan → the operator that stands for it.
    """

    def __init__(self, net: nn.Module, plan: Plan, gaussian: dict[str, GaussianWeight]) -> None:
        super().__init__()
        self.net, self.plan, self.gaussian = net, plan, gaussian

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs, averages over the sampled neurons."""
        outputs: torch.Tensor = self.net(*inputs)
        return outputs

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the plan's optimizer: its ``step()`` also moves the weights between infinite layers."""
        ordinary: dict[str, nn.Parameter] = dict(self.net.named_parameters())
        groups: list[dict[str, Any]] = []
        for path, module in self.net.named_modules(remove_duplicate=False):
            if isinstance(module, GaussianWeight):
                ordinary.pop(f"{path}.anchor", None)
                ordinary.pop(f"{path}.delta", None)
        for name, weight in self.gaussian.items():
            moved = [weight.anchor] if weight.delta is None else [weight.delta, weight.anchor]
            groups.append({"params": moved, "gaussian": weight, **_settings(self.plan, self.plan[name])})
        for name, parameter in ordinary.items():
            if parameter.requires_grad:
                groups.append({"params": [parameter], **_settings(self.plan, self.plan[name])})
        if self.plan.optimizer_name == "sgd":
            return InfiniteSGD(groups, lr=0.0, momentum=self.plan.momentum)
        return InfiniteAdamW(groups, betas=self.plan.betas, weight_decay=0.0)

    @property
    def n_products(self) -> dict[str, tuple[int, int]]:
        """For every weight between infinite layers, how many products with it and its transpose are remembered."""
        return {name: weight.law.n_products for name, weight in self.gaussian.items()}


def _settings(plan: Plan, its: ParameterPlan) -> dict[str, float]:
    settings = {"lr": its.lr, "weight_decay": its.weight_decay}
    return settings if plan.optimizer_name == "sgd" else settings | {"eps": its.eps}


def infinite(
    build: Callable[[int], nn.Module],
    *,
    base_width: int,
    neurons: int,
    lr: float,
    rule: str = "mup",
    optimizer: str = "sgd",
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    tolerance: float = 1e-3,
    **options: Any,
) -> InfiniteNet:
    """Return the infinite-width limit of the nets that ``build(width)`` makes, initialised and ready to be trained.

    The limit is that of growing width under ``rule`` from ``base_width``, where all rules coincide; ``lr`` is the base
    width's. It is held as a sample of ``neurons`` (the width that the model is built at): outputs have an error of
    order neurons^-1/2, which independent seeds show (:func:`replicas`). Neurons come in pairs with equal forward and
    opposite backward Gaussians, so that the output starts at zero, as it does in the limit.

    ``build`` makes a torch model: read-ins, embeddings, norms over the width, attention with a fixed number of heads,
    residual sums and elementwise functions are taken as they are. Weights that are wide on both sides have to belong to
    ``nn.Linear`` or ``nn.Conv2d`` (one group, zeros as padding); they are replaced. ``options`` are those of
    :func:`parametrize` (momentum, weight_decay, readout_scale, zero_readout, roles, …). With SGD memory grows with the
    number of independent products (``tolerance``: relative length below which a vector counts as known); with Adam the
    change of a weight between wide layers is a function of pairs of neurons, and takes neurons² numbers.

    Raises SpecError for a rule whose limit learns no features (it is that of kernels, see ``limits``), for an unstable
    rule, and for what has no limit here, by name.
    """
    with torch.device("meta"):
        net, base, other = build(neurons), build(base_width), build(2 * base_width)
    plan = parametrize(net, base, rule, optimizer=optimizer, lr=lr, delta_model=other, **options)
    return infinite_net(
        net,
        plan,
        build,
        base_width=base_width,
        neurons=neurons,
        seed=seed,
        dtype=dtype,
        device=device,
        tolerance=tolerance,
    )


def infinite_net(
    net: nn.Module,
    plan: Plan,
    build: Callable[[int], nn.Module],
    *,
    base_width: int,
    neurons: int,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    tolerance: float = 1e-3,
) -> InfiniteNet:
    """Return what :func:`infinite` returns, for a ``plan`` that is there already, of ``net`` on the meta device.

    ``net`` is of width ``neurons``; its layers are given their values, or replaced, in place.
    """
    _check_rule(plan, neurons, base_width)
    real = build(base_width)  # its finite buffers and the starts that somebody chose
    like = torch.empty(0, dtype=dtype, device=device)
    with torch.no_grad():
        gaussian = _replace_hidden(net, plan, seed, like, tolerance)
        _materialise(net, real, plan, seed, like)
    return InfiniteNet(net, plan, gaussian)


def _check_rule(plan: Plan, neurons: int, base_width: int) -> None:
    """Refuse a rule whose limit is not that of feature learning, and too few neurons."""
    if neurons < 2 * base_width:
        raise SpecError(
            f"neurons is {neurons}: a sample of infinitely many has to be far larger than the base width {base_width}"
        )
    if plan.optimizer_name == "sgd":
        learns = classify(plan.exponents).feature_learning
    else:  # every layer moves by its own size (Yang & Littwin 2023)
        rates = plan.exponents.native("adam").lr
        learns = [float(rate) for rate in rates] == [0.0, *[1.0] * (len(rates) - 1)]
    if not learns:
        raise SpecError(
            f"rule '{plan.rule}' with {plan.optimizer_name}: not every layer learns features in its limit. A kernel"
            " limit is exact without sampling, see infwidth.limits; here take 'mup'"
        )


def _replace_hidden(
    net: nn.Module, plan: Plan, seed: int, like: torch.Tensor, tolerance: float
) -> dict[str, GaussianWeight]:
    """Replace the layers with a hidden weight, in place; return the weights by their names in the plan."""
    first_names = {id(parameter): name for name, parameter in net.named_parameters()}
    gaussian: dict[str, GaussianWeight] = {}
    for parent, place, module in _children(net):
        hidden = {
            attribute: first_names[id(parameter)]
            for attribute, parameter in module.named_parameters(recurse=False, remove_duplicate=False)
            if plan[first_names[id(parameter)]].role is Role.HIDDEN
        }
        for attribute, name in hidden.items():
            its = plan[name]
            if attribute != "weight" or not isinstance(module, nn.Linear | nn.Conv2d):
                raise SpecError(
                    f"parameter '{name}' of a {type(module).__name__} is wide on both sides, and only nn.Linear and"
                    " nn.Conv2d are known at infinite width; write the layer with these"
                )
            if its.start == "kept":
                raise SpecError(
                    f"parameter '{name}' keeps its start, and a matrix between infinite layers has to be Gaussian"
                )
            n_target, n_source = module.weight.shape[0], module.weight.shape[1]
            if isinstance(module, nn.Conv2d):
                _check_convolution(name, module)
                n_target *= math.prod(module.kernel_size)
            if name not in gaussian:
                chance = [torch_stream("init", "infinite", seed, name, way) for way in ("forward", "backward")]
                gaussian[name] = GaussianWeight(
                    n_source,
                    n_target,
                    std=its.init_std,
                    draw=(_paired(chance[0], like, odd=False), _paired(chance[1], like, odd=True)),
                    dense=plan.optimizer_name != "sgd",
                    like=like,
                    tolerance=tolerance,
                )
            new: nn.Module = (
                GaussianConv2d(gaussian[name], module)
                if isinstance(module, nn.Conv2d)
                else GaussianLinear(gaussian[name], module.bias)
            )
            setattr(parent, place, new)
    if left := [name for name, its in plan.items() if its.role is Role.HIDDEN and name not in gaussian]:
        raise SpecError(f"{', '.join(left)}: wide on both sides, and no layer of the model; write it with nn.Linear")
    return gaussian


def _children(net: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    """Return all modules below ``net`` with their parents and names there, a shared one at each of its places."""
    return [
        (parent, place, child)
        for parent in list(net.modules())
        for place, child in parent._modules.items()
        if child is not None
    ]


def _check_convolution(name: str, module: nn.Conv2d) -> None:
    zero_padded = module.padding_mode == "zeros" and not isinstance(module.padding, str)
    if module.groups != 1 or module.dilation != (1, 1) or not zero_padded:
        raise SpecError(
            f"parameter '{name}': at infinite width a convolution has one group, no dilation, padding by zeros"
        )


def _paired(generator: torch.Generator, like: torch.Tensor, *, odd: bool) -> Draw:
    """Return what draws normal numbers [n, k] that are equal for the two neurons of a pair, or opposite (``odd``)."""

    def draw(n: int, k: int) -> torch.Tensor:
        half = torch.randn((n + 1) // 2, k, generator=generator, dtype=like.dtype)
        return torch.stack([half, -half if odd else half], 1).flatten(0, 1)[:n].to(like.device)

    return draw


def _materialise(net: nn.Module, real: nn.Module, plan: Plan, seed: int, like: torch.Tensor) -> None:
    """Give the parameters and buffers that are left on the meta device their values, in place."""
    starts, buffers = dict(real.named_parameters()), dict(real.named_buffers())
    for name, parameter in list(net.named_parameters()):
        if not parameter.is_meta:
            continue
        its, start = plan[name], starts[name]
        if its.start == "kept" or _is_constant(start, its):
            if start.numel() > 1 and bool((start != start.flatten()[0]).any()) and start.shape != parameter.shape:
                raise SpecError(f"parameter '{name}' keeps its start, which is known at the base width only")
            values = (
                start.detach().to(like)
                if start.shape == parameter.shape
                else like.new_full(parameter.shape, start.flatten()[0].item())
            )
        else:
            odd = its.role is Role.OUTPUT
            axis = 1 if odd else _wide_axis(parameter, start)
            n = parameter.shape[axis]
            draw = _paired(torch_stream("init", "infinite", seed, name), like.double(), odd=odd)
            draws = draw(n, parameter.numel() // n).reshape(n, *_without(parameter.shape, axis)).movedim(0, axis)
            values = draws.mul(its.init_std).add_(its.init_mean).to(like)
        _set(net, name, nn.Parameter(values, requires_grad=parameter.requires_grad))
    for name, buffer in list(net.named_buffers()):
        if buffer.is_meta:
            known = buffers.get(name)
            if known is None or known.shape != buffer.shape:
                raise SpecError(f"buffer '{name}' grows with the width, and its values at infinite width are not known")
            _set(net, name, known.to(like.device))


def _wide_axis(parameter: torch.Tensor, start: torch.Tensor) -> int:
    """Return the axis that grows with the width; the first where none does."""
    return next((i for i, (a, b) in enumerate(zip(parameter.shape, start.shape, strict=True)) if a != b), 0)


def _without(shape: torch.Size, axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _is_constant(start: torch.Tensor, its: ParameterPlan) -> bool:
    """Return whether a start is a constant that is not the plan's (LoRA's zeros, a zero gain)."""
    kind = Kind.GAIN if its.init_mean == 1.0 else Kind.SHIFT if its.init_std == 0.0 else Kind.MATRIX
    return is_deliberate(start, kind)


def _set(net: nn.Module, name: str, value: torch.Tensor) -> None:
    path, _, attribute = name.rpartition(".")
    module = net.get_submodule(path)
    if isinstance(value, nn.Parameter):
        setattr(module, attribute, value)
    else:
        module._buffers[attribute] = value


def replicas(run: Callable[[int], torch.Tensor], seeds: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean over independent samples of what ``run(seed)`` returns, and its standard error.

    ``run`` builds a net with :func:`infinite`, trains it and returns numbers of any shape. Raises SpecError for fewer
    than two seeds.
    """
    if len(seeds) < 2:
        raise SpecError(f"{len(seeds)} seed tells no error; take two at least")
    found = torch.stack([run(seed).detach() for seed in seeds])
    return found.mean(0), found.std(0) / math.sqrt(len(seeds))
