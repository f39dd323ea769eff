"""One net of a cell: a model with its plan, its seed's initialisation and, if centred, its initial function."""

import copy
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from infwidth.data.load import Labelled
from infwidth.data.streams import is_new_each_step
from infwidth.experiments.identity import rule_arguments
from infwidth.models import Model, build_model
from infwidth.parametrization import Plan, parametrize, scale_with_depth, write_multipliers_
from infwidth.training.examples import Examples, Split, examples
from infwidth.training.losses import n_outputs

#: Examples a forward pass outside training: few enough to stay in a CPU's cache, which halves its time.
CHUNK = 128


def model_of(spec: Mapping[str, Any], data: Labelled, width: int) -> Model:
    """Build the spec's model at ``width`` for the data's input shape and the loss's outputs."""
    outputs = n_outputs(spec["training"]["loss"], data.n_classes)
    return build_model({**spec["model"], "width": width}, tuple(data.x_train.shape[1:]), outputs)


def make_plan(model: Model, spec: Mapping[str, Any], data: Labelled, lr: float) -> Plan:
    """Return the plan of ``model`` under the spec's parametrization at base learning rate ``lr``.

    With ``layer_lr: variance`` the base net is the γ form f = w·φ(h^L)/(γ √fan_in) of unit-variance weights trained at
    rate η γ² with γ = γ0 √N0 (Bordelon & Pehlevan 2022, Eq. 1), so all rules agree at the base width N0 and μP and NTK
    continue it with γ = γ0 √N and γ = γ0 √N0. With ``layer_lr: uniform`` every tensor has the rate η at base width and
    γ0 divides the readout, as in PyTorch's own convention. With a ``base_depth`` (of residual branches) the plan is
    also continued in depth, and ``zero_queries`` starts the attention's query weights at zero.
    """
    block, optimizer = spec["parametrization"], spec["optimizer"]
    base_width, gamma0 = block["base_width"], block["gamma0"]
    gamma = gamma0 * math.sqrt(base_width) if block["layer_lr"] == "variance" else gamma0
    rate = lr * gamma**2 if block["layer_lr"] == "variance" and optimizer["name"] == "sgd" else lr
    with torch.device("meta"):  # only shapes are needed of the base and of a second width, which tells the roles
        base, other = model_of(spec, data, base_width), model_of(spec, data, 2 * base_width)
    plan = parametrize(
        model,
        base,
        block["rule"],
        optimizer=optimizer["name"],
        lr=rate,
        momentum=optimizer["momentum"],
        weight_decay=optimizer["weight_decay"],
        readout_scale=1.0 / gamma,
        zero_readout=block["zero_readout"],
        layer_lr=block["layer_lr"],
        delta_model=other,
        **rule_arguments(block),
    )
    if "base_depth" in block:
        branches = _parameters_of(model, model.residual_branches)
        plan = scale_with_depth(plan, branches, Fraction(len(model.residual_branches), block["base_depth"]))
    for name in _parameters_of(model, model.queries) if block.get("zero_queries") else ():
        plan = plan.replace(name, init_std=0.0)
    return plan


def _parameters_of(model: nn.Module, modules: Sequence[nn.Module]) -> set[str]:
    """Return the names that parameters of ``modules`` have in the model."""
    inside = {id(parameter) for module in modules for parameter in module.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in inside}


class Member:
    """One seed at one learning rate: the model, its optimizer, and f or f − f0 as its output."""

    def __init__(self, spec: Mapping[str, Any], data: Labelled, *, seed: int, lr: float, device: torch.device) -> None:
        dtype = getattr(torch, spec["training"]["dtype"])
        self.seed, self.lr = seed, lr
        self.model = model_of(spec, data, spec["model"]["width"]).to(dtype)
        self.plan = make_plan(self.model, spec, data, lr)
        self.plan.init_(self.model, seed)
        block = spec["parametrization"]
        if "gauge" in block:  # after the initialisation, so that all gauges start as the same net
            one_decay = None if block.get("transform_weight_decay", True) else spec["optimizer"]["weight_decay"]
            self.plan = write_multipliers_(self.model, self.plan, block["gauge"], lr=lr, weight_decay=one_decay)
        self.model.to(device).to(memory_format=torch.channels_last)
        self.optimizer = self.plan.optimizer(self.model)
        self._initial = InitialFunction(self.model, spec, data) if spec["training"]["centred"] else None

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is a preactivation."""
        return self.model.hidden_layers

    def outputs(self, examples: Examples) -> torch.Tensor:
        """Return f, or f − f0 for a centred member; logits [P, k], of windows [P, T, k]."""
        logits = self.model(examples.x)
        return logits if self._initial is None else logits - self._initial(examples)


class InitialFunction:
    """f0, the function a net computes at initialisation.

    Where the same images are seen again and again its values are computed once; where every image is new (augmented,
    or seen a single time) a frozen copy of the net computes them.
    """

    def __init__(self, model: nn.Module, spec: Mapping[str, Any], data: Labelled) -> None:
        self._frozen = copy.deepcopy(model).requires_grad_(False).eval()
        training = spec["training"]
        new = is_new_each_step(training["stream"], training["augmentation"])
        splits: tuple[Split, ...] = ("test",) if new else ("train", "test")
        self._known = {
            split: torch.cat([self._frozen(part.x) for part in examples(data, split, slice(None)).chunks(CHUNK)])
            for split in splits
        }

    def __call__(self, of: Examples) -> torch.Tensor:
        """Return f0 [P, k] of the examples."""
        if of.split in self._known:
            return self._known[of.split][of.rows]
        with torch.no_grad():
            return self._frozen(of.x)
