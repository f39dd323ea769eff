"""A torch model at infinite width, its neurons sampled; and nets of finite width, with and without their matrices."""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import ParameterPlan, Plan, Role, classify
from infwidth.parametrization.layouts import Kind
from infwidth.parametrization.starts import is_deliberate
from infwidth.programs.gaussian import Draw
from infwidth.programs.layers import GaussianConv2d, GaussianLinear, GaussianWeight
from infwidth.programs.memory import check_free
from infwidth.programs.moments import check_moments
from infwidth.programs.net import InfiniteNet
from infwidth.seeding import torch_stream

#: How a program is read: with neurons sampled from infinitely many, or as a net of that many neurons, whose matrices
#: are known by their law only or written out.
Reading = Literal["sampled", "conditional", "explicit"]


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
    tolerance: float | None = None,
    interpreter: Reading = "sampled",
) -> InfiniteNet:
    """Return what :func:`infinite` returns, for a ``plan`` that is there already, of ``net`` on the meta device.

    ``net`` is of width ``neurons``; its layers are given their values, or replaced, in place.
    """
    if interpreter not in get_args(Reading):
        raise SpecError(f"interpreter is '{interpreter}'; it is {', '.join(get_args(Reading))}")
    if interpreter == "sampled":
        _check_rule(plan, neurons, base_width)
    elif interpreter == "conditional" and plan.optimizer_name != "sgd":
        raise SpecError("without its matrices a net of finite width is trained by sgd; take interpreter 'explicit'")
    _check_memory(net, plan, dtype, torch.device(device), neurons)
    real = build(base_width)  # its finite buffers and the starts that somebody chose
    like = torch.empty(0, dtype=dtype, device=device)
    with torch.no_grad():
        gaussian = {} if interpreter == "explicit" else _replace_hidden(net, plan, seed, like, tolerance, interpreter)
        _materialise(net, real, plan, seed, like, paired=interpreter == "sampled")
    if interpreter == "sampled":
        _watch_readouts(net, plan)
    return InfiniteNet(net, plan, gaussian)


def _check_memory(net: nn.Module, plan: Plan, dtype: torch.dtype, device: torch.device, neurons: int) -> None:
    """Refuse what is too large before it is taken: parameters, and matrices where the optimizer needs them."""
    size = torch.empty(0, dtype=dtype).element_size()
    entries, matrices = 0, 0
    for name, parameter in net.named_parameters():
        if plan[name].role is Role.HIDDEN:
            matrices += parameter.numel()
        else:
            entries += parameter.numel()
    copies = {"sgd": 3, "adam": 4, "adamw": 4}[plan.optimizer_name]  # values, gradients, moments
    needed = copies * entries * size
    instead = f"take fewer neurons than {neurons}"
    if plan.optimizer_name != "sgd":
        needed += 4 * matrices * size
        instead += ", or sgd, which needs no matrix of pairs of neurons"
    check_free(needed, f"to train {neurons} neurons a layer by {plan.optimizer_name}", instead, device)


def _watch_readouts(net: nn.Module, plan: Plan) -> None:
    """Let the layers that read out of a wide one look whether their averages exist."""
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    for module in net.modules():
        name = names.get(id(module.weight)) if isinstance(module, nn.Linear) else None
        if name is not None and plan[name].role is Role.OUTPUT:
            module.register_forward_pre_hook(
                lambda _module, inputs, name=name: check_moments(inputs[0].flatten(0, -2).T, f"'{name}'")
            )


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
            f"rule '{plan.rule}' with {plan.optimizer_name}: not every layer learns features in its limit, and only"
            " limits in which they do are sampled; take 'mup', or, by sgd, infinite(…), which has the kernel limits too"
        )


def _replace_hidden(
    net: nn.Module, plan: Plan, seed: int, like: torch.Tensor, tolerance: float | None, interpreter: Reading
) -> dict[str, GaussianWeight]:
    """Replace the layers with a hidden weight, in place; return the weights by their names in the plan."""
    infinite = interpreter == "sampled"
    tolerance = (1e-3 if infinite else 1e3 * torch.finfo(like.dtype).eps) if tolerance is None else tolerance
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
                    draw=(
                        _draw(chance[0], like, odd=False, paired=infinite),
                        _draw(chance[1], like, odd=True, paired=infinite),
                    ),
                    dense=plan.optimizer_name != "sgd",
                    like=like,
                    tolerance=tolerance,
                    infinite=infinite,
                    name=f"'{name}'",
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


def _draw(generator: torch.Generator, like: torch.Tensor, *, odd: bool, paired: bool) -> Draw:
    """Return what draws normal numbers [n, k]; of the two neurons of a pair they are equal, or opposite (``odd``)."""

    def draw(n: int, k: int) -> torch.Tensor:
        if not paired:
            return torch.randn(n, k, generator=generator, dtype=like.dtype).to(like.device)
        half = torch.randn((n + 1) // 2, k, generator=generator, dtype=like.dtype)
        return torch.stack([half, -half if odd else half], 1).flatten(0, 1)[:n].to(like.device)

    return draw


def _materialise(net: nn.Module, real: nn.Module, plan: Plan, seed: int, like: torch.Tensor, *, paired: bool) -> None:
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
            draw = _draw(torch_stream("init", "infinite", seed, name), like.double(), odd=odd, paired=paired)
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
