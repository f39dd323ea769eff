"""One net of a cell: a model with its plan, its seed's initialisation and, if centred, its initial function."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from infwidth.data.load import Labelled
from infwidth.data.streams import is_new_each_step
from infwidth.models import Model, build_model
from infwidth.models.shapes import shapes_only
from infwidth.parametrization import Plan, Role, parametrize, scale_with_depth, write_multipliers_
from infwidth.parametrization.conventions import base_net
from infwidth.specs.cells import Recipe
from infwidth.training.examples import Examples
from infwidth.training.initial import InitialFunction
from infwidth.training.losses import n_outputs
from infwidth.training.perturbation import perturb_


def model_of(spec: Recipe, data: Labelled, width: int) -> Model:
    """Build the spec's model at ``width`` for the data's input shape and the loss's outputs."""
    outputs = n_outputs(spec.training.loss, data.n_classes)
    return build_model({**spec.model.model_dump(), "width": width}, tuple(data.x_train.shape[1:]), outputs)


def make_plan(model: Model, spec: Recipe, data: Labelled, lr: float) -> Plan:
    """Return the plan of ``model`` under the spec's parametrization at base learning rate ``lr``.

    With a ``base_depth`` (of residual branches) the plan is also continued in depth, and ``zero_queries`` starts the
    attention's query weights at zero. With ``input_lr`` "over_fan_in" the rate of read-in matrices is divided by their
    fan-in.
    """
    block, optimizer = spec.parametrization, spec.optimizer
    base_width, layer_lr = block.base_width, block.layer_lr
    base = base_net(lr, block.gamma0, base_width, layer_lr=layer_lr, optimizer=optimizer.name)
    with shapes_only():  # of the base and of a second width, which tells the roles
        base_model, delta_model = model_of(spec, data, base_width), model_of(spec, data, 2 * base_width)
    plan = parametrize(
        model,
        base_model,
        block.rule,
        optimizer=optimizer.name,
        lr=base.lr,
        momentum=optimizer.momentum,
        weight_decay=optimizer.weight_decay,
        readout_scale=base.readout_scale,
        zero_readout=block.zero_readout,
        layer_lr=layer_lr,
        delta_model=delta_model,
        **block.rule_arguments,
    )
    if block.base_depth is not None:
        branches = _parameters_of(model, model.residual_branches)
        plan = scale_with_depth(plan, branches, Fraction(len(model.residual_branches), block.base_depth))
    for name, its in plan.items() if block.input_lr == "over_fan_in" else ():
        if its.role is Role.INPUT:  # of vectors the fan-in is one
            plan = plan.replace(name, lr=its.lr / its.fan_in, weight_decay=its.weight_decay * its.fan_in)
    for name in _parameters_of(model, model.queries) if block.zero_queries else ():
        plan = plan.replace(name, init_std=0.0)
    return plan


def in_gauge_(model: Model, plan: Plan, spec: Recipe, lr: float) -> Plan:
    """Write out the multipliers of the spec's gauge, if it has one, in place; return the plan that goes with them."""
    block = spec.parametrization
    if block.gauge is None:
        return plan
    one_decay = spec.optimizer.weight_decay if block.transform_weight_decay is False else None
    return write_multipliers_(model, plan, block.gauge, lr=lr, weight_decay=one_decay)


def _parameters_of(model: nn.Module, modules: Sequence[nn.Module]) -> set[str]:
    """Return the names that parameters of ``modules`` have in the model."""
    inside = {id(parameter) for module in modules for parameter in module.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in inside}


class Member:
    """One seed at one learning rate: the model as its plan initialises it, and f or f − f0 as its output."""

    def __init__(self, spec: Recipe, data: Labelled, *, seed: int, lr: float, device: torch.device) -> None:
        training = spec.training
        self.seed, self.lr = seed, lr
        self.model = model_of(spec, data, spec.model.width).to(getattr(torch, training.dtype))
        self.plan = make_plan(self.model, spec, data, lr)
        self.plan.init_(self.model, seed)
        if training.perturbation:
            perturb_(self.model, seed, training.perturbation)
        self.plan = in_gauge_(self.model, self.plan, spec, lr)  # now, so that all gauges start as the same net
        self.model.to(device).to(memory_format=torch.channels_last)
        new = is_new_each_step(training.stream, training.augmentation)
        self.initial = InitialFunction(self.model, data, new_each_step=new) if training.centred else None

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is a preactivation."""
        return self.model.hidden_layers

    def outputs(self, examples: Examples) -> torch.Tensor:
        """Return f, or f − f0 for a centred member; logits [P, k], of windows [P, T, k]."""
        logits = self.model(examples.x)
        return logits if self.initial is None else logits - self.initial(examples)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: parameters, buffers, and what is known of f0."""
        return {"model": self.model.state_dict(), "initial": {} if self.initial is None else self.initial.values}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self.model.load_state_dict(state["model"])
        if self.initial is not None:
            device = next(self.model.parameters()).device
            self.initial.values = {split: values.to(device) for split, values in state["initial"].items()}
