"""An ordinary torch model at infinite width, under any rule with a limit, and the other readings of its program."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import torch
from torch import nn

from infwidth.errors import SpecError, nearest
from infwidth.parametrization import parametrize
from infwidth.programs.exact import exact_net
from infwidth.programs.exchange import check_exchangeable
from infwidth.programs.kernel_limit import KernelNet, chain_kernels, is_kernel_limit
from infwidth.programs.net import InfiniteNet
from infwidth.programs.sampled import infinite_net

#: All readings of a program: those of :mod:`infwidth.programs.sampled`, and neurons at nodes of a quadrature.
Interpreter = Literal["sampled", "exact", "conditional", "explicit"]


def infinite(
    build: Callable[[int], nn.Module],
    *,
    base_width: int,
    lr: float,
    neurons: int | None = None,
    rule: str = "mup",
    optimizer: str = "sgd",
    interpreter: Interpreter = "sampled",
    nodes: Sequence[Sequence[int]] | None = None,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
    **options: Any,
) -> InfiniteNet:
    """Return the infinite-width limit of the nets that ``build(width)`` makes, initialised and ready to be trained.

    The limit is that of growing width under ``rule`` from ``base_width``, where all rules coincide; ``lr`` is the base
    width's. One text, ``build``, several readings of it (``interpreter``):

    * ``sampled``: n = ∞, held as a sample of ``neurons`` (the width that the model is built at): outputs have an error
      of order neurons^-1/2, which independent seeds show (:func:`replicas`). Neurons come in pairs with equal forward
      and opposite backward Gaussians, so that the output starts at zero, as it does in the limit;
    * ``exact``: n = ∞, neurons at ``nodes`` of Gauss–Hermite rules, right to rounding for polynomial functions, a few
      steps and inputs of few numbers (:mod:`infwidth.programs.exact`);
    * ``explicit``, ``conditional``: a net of finite width ``neurons``, an ordinary one with its matrices, and one whose
      matrices are known by the law of their products only. They have the same distribution, under any rule.

    A rule whose limit is one of kernels (ntk, sp_lr, and every richness below that of mup) gives that limit, exact, in
    the same loop (:mod:`infwidth.programs.kernel_limit`): for chains of ``nn.Linear`` and functions, trained by sgd.
    ``neurons`` plays no part there. Its first outputs are those of one draw; subtract them for a centred net.

    ``build`` makes a torch model: read-ins, embeddings, norms over the width, attention with a fixed number of heads,
    residual sums and elementwise functions are taken as they are. Weights that are wide on both sides have to belong to
    ``nn.Linear`` or ``nn.Conv2d`` (one group, zeros as padding); they are replaced. ``options`` are those of
    :func:`parametrize` (momentum, weight_decay, readout_scale, zero_readout, roles, …). With SGD memory grows with the
    number of independent products (``tolerance``: relative length below which a vector counts as known); with Adam the
    change of a weight between wide layers is a function of pairs of neurons, and takes neurons² numbers.

    Raises SpecError for an unstable or trivial rule, for what has no limit here, by name, for more memory than is free,
    and, in use, for functions without finite second moments, models that pick neurons by index, and training that
    diverges.
    """
    if interpreter not in get_args(Interpreter):
        known = ", ".join(get_args(Interpreter))
        raise SpecError(f"interpreter '{interpreter}' is unknown{nearest(interpreter, get_args(Interpreter))}; {known}")

    def plan_of(width: int, rate: float) -> Any:
        with torch.device("meta"):
            net, base, other = build(width), build(base_width), build(2 * base_width)
        return net, parametrize(net, base, rule, optimizer=optimizer, lr=rate, delta_model=other, **options)

    if interpreter in ("sampled", "exact"):
        _, plan = plan_of(2 * base_width, lr)
        if is_kernel_limit(plan):
            if options.get("weight_decay"):
                raise SpecError("weight decay moves the kernel itself, and the limit is none of kernels; leave it out")
            at_base, at_twice = plan_of(base_width, 1.0)[1], plan_of(2 * base_width, 1.0)[1]
            real = build(base_width)
            kernels = chain_kernels((at_base, at_twice), real, build)
            n_outputs = [m for m in real.modules() if isinstance(m, nn.Linear)][-1].out_features
            return KernelNet(kernels, plan, lr=lr, n_outputs=n_outputs, seed=seed, device=device)
        if interpreter == "exact":
            if nodes is None:
                raise SpecError("exact neurons need nodes: for every hidden layer a number for each of its Gaussians")
            return exact_net(
                build,
                plan,
                base_width=base_width,
                neurons=2 * base_width,
                nodes=nodes,
                device=device,
                tolerance=tolerance,
            )
    if neurons is None:
        raise SpecError("how many neurons? a sample of thousands has an error of a few hundredths")
    net, plan = plan_of(neurons, lr)
    made = infinite_net(
        net,
        plan,
        build,
        base_width=base_width,
        neurons=neurons,
        seed=seed,
        dtype=dtype,
        device=device,
        tolerance=tolerance,
        interpreter=interpreter,  # type: ignore[arg-type]
    )
    if interpreter == "sampled":
        made.before_first = lambda inputs: check_exchangeable(build, base_width, inputs)
    return made


def replicas(run: Callable[[int], torch.Tensor], seeds: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean over independent samples of what ``run(seed)`` returns, and its standard error.

    ``run`` builds a net with :func:`infinite`, trains it and returns numbers of any shape. Raises SpecError for fewer
    than two seeds.
    """
    if len(seeds) < 2:
        raise SpecError(f"{len(seeds)} seed tells no error; take two at least")
    found = torch.stack([run(seed).detach() for seed in seeds])
    return found.mean(0), found.std(0) / math.sqrt(len(seeds))
