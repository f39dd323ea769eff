"""The coordinate check: do activations grow, shrink or keep their size with the width, as the rule says they should?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization.plan import Plan
from infwidth.parametrization.roles import Role

_FEATURES = (Role.INPUT, Role.EMBEDDING, Role.HIDDEN, Role.NORM)


@dataclass(frozen=True)
class CoordinateCheck:
    """The outcome of :func:`coordinate_check`.

    ``table``: one row per width, seed, step, module and statistic, with its value. ``slopes``: one row per module,
    step and statistic: the log-log ``slope`` in the width with standard ``error``, the slope ``expected`` of the rule
    (NaN where it makes no prediction) and a ``flag``: ``ok``, ``grows``, ``shrinks``, ``diverges`` (not finite) or
    empty (not judged).
    """

    rule: str
    optimizer_name: str
    is_stable: bool
    table: pd.DataFrame
    slopes: pd.DataFrame

    @property
    def verdict(self) -> str:
        """``"passes"`` if every judged slope is the rule's and the rule is stable, else ``"fails"``."""
        return "passes" if self.is_stable and self.slopes["flag"].isin(["ok", ""]).all() else "fails"

    def explain(self) -> str:
        """Say what was found, module by module, and which slopes are normal for the rule."""
        bad = self.slopes[~self.slopes["flag"].isin(["ok", ""])]
        lines = [f"Coordinate check of {self.rule} with {self.optimizer_name}: {self.verdict}."]
        if not self.is_stable:
            lines.append(f"The rule {self.rule} itself is unstable: its updates grow with the width.")
        for row in bad.to_dict("records"):
            if row["flag"] == "diverges":
                lines.append(f"{row['module']}, step {row['step']}: {row['statistic']} is not finite.")
                continue
            lines.append(
                f"{row['module']} ({row['role']}), step {row['step']}: {row['statistic']} {row['flag']} with the width,"
                f" n^({row['slope']:+.2f} ± {row['error']:.2f}); the rule says n^({row['expected']:+.2f})."
            )
        normal = self.slopes[self.is_stable & (self.slopes["expected"] < 0) & (self.slopes["flag"] == "ok")]
        for (module, statistic, expected), rows in normal.groupby(["module", "statistic", "expected"], sort=False):
            steps = ", ".join(str(step) for step in rows["step"])
            why = (
                "an output that starts at zero in the limit"
                if statistic == "size"
                else "features that move less in wider nets, the kernel regime"
            )
            lines.append(f"Normal: {module}, step {steps}: {statistic} shrinks as n^({expected:+.2f}), {why}.")
        return "\n".join(lines)


def coordinate_check(
    build_model: Callable[[int], nn.Module],
    make_plan: Callable[[nn.Module, nn.Module], Plan],
    widths: Sequence[int],
    *,
    base_width: int,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    n_steps: int = 3,
    n_seeds: int = 3,
    tolerance: float = 0.15,
) -> CoordinateCheck:
    """Train nets of several widths for a few steps on one batch and fit how their activations scale.

    ``build_model(width)`` builds a net, ``make_plan(model, base_model)`` its plan (with ``plan.replace``, a negative
    control). For every leaf module with parameters the output x_t after t updates is recorded as ``size``, the mean
    |x_t|, and ``change``, the mean |x_t - x_0| (after Yang et al. 2022, Fig. 5, where it is the standard deviation). A
    slope is judged if the rule predicts it: sizes at the start and changes after each step. It is flagged if it is
    further than ``tolerance`` plus two standard errors away from the prediction; where an unstable rule predicts
    growth, from 0. Raises SpecError.
    """
    if len(set(widths)) < 2:
        raise SpecError(f"widths are {list(widths)}; a slope needs at least two different ones")
    if n_steps < 1 or n_seeds < 1:
        raise SpecError(f"n_steps is {n_steps} and n_seeds {n_seeds}; both must be at least 1")
    base_model = build_model(base_width)
    records: list[dict[str, object]] = []
    # At the base width itself shapes show no role, so the roles are those of another width.
    plan = make_plan(build_model(next(width for width in widths if width != base_width)), base_model)
    modules = _roles_of_modules(base_model, plan)
    if not modules:
        raise SpecError(
            "no module of the model has parameters of its own and no submodules, so nothing can be recorded"
        )
    for width in widths:
        for seed in range(n_seeds):
            model = build_model(width)
            its_plan = make_plan(model, base_model)
            its_plan.init_(model, seed)
            history = _train(model, its_plan, list(modules), inputs, targets, loss, n_steps)
            for step, outputs in enumerate(history):
                for module, output in outputs.items():
                    values = {"size": output, "change": output - history[0][module]}
                    records += [
                        {
                            "width": width,
                            "seed": seed,
                            "step": step,
                            "module": module,
                            "statistic": name,
                            "value": x.abs().mean().item(),
                        }
                        for name, x in values.items()
                        if step > 0 or name == "size"
                    ]
    table = pd.DataFrame.from_records(records)
    return CoordinateCheck(
        rule=plan.rule,
        optimizer_name=plan.optimizer_name,
        is_stable=_is_stable(plan),
        table=table,
        slopes=_fit(table, modules, plan, tolerance),
    )


def _roles_of_modules(model: nn.Module, plan: Plan) -> dict[str, Role | None]:
    """Return the role of the first parameter of every leaf module that has one."""
    return {
        name: plan[f"{name}.{parameters[0]}"].role
        for name, module in model.named_modules()
        if name and not any(module.children())
        if (parameters := [key for key, _ in module.named_parameters() if f"{name}.{key}" in plan])
    }


def _train(
    model: nn.Module,
    plan: Plan,
    modules: list[str],
    inputs: torch.Tensor,
    targets: torch.Tensor,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    n_steps: int,
) -> list[dict[str, torch.Tensor]]:
    """Return the outputs of the modules before the first and after every step."""
    outputs: dict[str, torch.Tensor] = {}

    def recorder(name: str) -> Callable[[nn.Module, object, torch.Tensor | tuple[torch.Tensor, ...]], None]:
        def record(module: nn.Module, arguments: object, output: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
            activations = output[0] if isinstance(output, tuple) else output
            outputs[name] = activations.detach().clone()

        return record

    handles = [model.get_submodule(name).register_forward_hook(recorder(name)) for name in modules]
    optimizer = plan.optimizer(model)
    history = []
    for step in range(n_steps + 1):
        value = loss(model(inputs), targets)
        history.append(dict(outputs))
        if step < n_steps:
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    for handle in handles:
        handle.remove()
    return history


def _is_stable(plan: Plan) -> bool:
    """Return whether the rule predicts no growth; for SGD these are the inequalities of Yang & Hu 2021, Thm 3.3."""
    changes = [_expected(plan, role, "change", 2) for role in (Role.INPUT, Role.HIDDEN, Role.OUTPUT)]
    return max(_expected(plan, Role.OUTPUT, "size", 0), *changes) <= 0


def _expected(plan: Plan, role: Role | None, statistic: str, step: int) -> float:
    """Return the slope the rule predicts for a module of this role, NaN where it predicts none.

    With native exponents s and e of std and learning rate, the readout's entries are n^-w with w = s at first, the
    smaller of s and e once it has moved, and e if it started at zero; w is also the exponent of the gradient of a
    preactivation. A step of SGD moves input preactivations by n^-(e+w) and hidden ones by n^-(e+w-1), one of Adam by
    n^-e and n^-(e-1); the output moves n^(1-e) by its own updates and n^(1-w) times the features' motion by theirs.
    """
    is_sgd = plan.optimizer_name == "sgd"
    (_, _, s_out), (e_in, e_hidden, e_out) = plan.exponents.native("sgd" if is_sgd else "adam")
    if statistic == "size":
        if step > 0 or role not in (*_FEATURES, Role.OUTPUT):
            return math.nan
        return float(1 - 2 * s_out) / 2 if role is Role.OUTPUT else 0.0
    starts_at_zero = any(its.role is Role.OUTPUT and its.init_std == 0 for its in plan.values())
    if starts_at_zero and step == 1:
        # No gradient passes a zero readout.
        return float(1 - e_out) if role is Role.OUTPUT else math.nan
    readout = s_out if step == 1 else e_out if starts_at_zero else min(s_out, e_out)
    gradient = readout if is_sgd else 0
    input_change = -(e_in + gradient)
    hidden_change = max(input_change, 1 - e_hidden - gradient)
    if role in (Role.INPUT, Role.EMBEDDING):
        return float(input_change)
    if role is Role.HIDDEN or (role is Role.NORM and input_change == hidden_change):
        return float(hidden_change)
    return float(max(1 - e_out, 1 - readout + hidden_change)) if role is Role.OUTPUT else math.nan


def _fit(table: pd.DataFrame, modules: dict[str, Role | None], plan: Plan, tolerance: float) -> pd.DataFrame:
    rows = []
    for key, group in table.groupby(["module", "step", "statistic"], sort=False):
        module, step, statistic = cast(tuple[str, int, str], key)
        expected = _expected(plan, modules[module], statistic, step)
        slope, error = _slope(group["width"].to_numpy(float), group["value"].to_numpy(float))
        margin = tolerance + 2 * error
        if not np.isfinite(group["value"]).all():
            flag = "diverges"
        elif math.isnan(expected) or math.isnan(slope):
            flag = ""
        elif slope > min(expected, 0.0) + margin:
            flag = "grows"
        else:
            flag = "shrinks" if slope < min(expected, 0.0) - margin else "ok"
        rows.append(
            {
                "module": module,
                "role": modules[module] or "unknown",
                "step": step,
                "statistic": statistic,
                "slope": slope,
                "error": error,
                "expected": expected,
                "flag": flag,
            }
        )
    return pd.DataFrame.from_records(rows)


def _slope(width: np.ndarray, value: np.ndarray) -> tuple[float, float]:
    """Return the least-squares log-log slope and its standard error; NaN if a value is zero or not finite."""
    if not (np.isfinite(value).all() and (value > 0).all()):
        return math.nan, math.nan
    x, y = np.log2(width), np.log2(value)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    degrees = len(x) - 2
    return slope, math.sqrt(float(residual @ residual) / degrees / float(x @ x)) if degrees > 0 else 0.0
