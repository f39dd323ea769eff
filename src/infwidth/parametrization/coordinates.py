"""The coordinate check: do activations grow, shrink or keep their size with the width, as the rule says they should?"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils import _pytree as pytree

from infwidth.errors import SpecError
from infwidth.parametrization.plan import Plan
from infwidth.parametrization.predictions import is_stable, predicted
from infwidth.parametrization.roles import Role, unwrapped
from infwidth.parametrization.watching import MODEL_OUTPUT, Inputs, Sites, called, find_sites, quiet_, watched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WRONG = ("grows", "shrinks", "diverges")

PASSES, FAILS = "passes", "fails"
TOO_SMALL, NOT_WATCHED = "inconclusive: widths too small", "incomplete: not watched"

#: A forgotten factor of the width is a power of 1/2 at least: a slope that is off by less than half of that is nearer
#: to the rule's than to any wrong one, and off because the nets are narrow.
_HALF_A_POWER = 0.25
#: Standard errors, few points behind each.
_BEYOND_DOUBT = 6.0

#: Where to look first, by role (None: any), statistic and flag.
_ADVICE: dict[tuple[Role | None, str, str], str] = {
    (Role.OUTPUT, "size", "grows"): "the readout starts too large, or a multiplier of the logits is missing",
    (
        Role.OUTPUT,
        "change",
        "grows",
    ): "the readout's rate, or its initial scale, does not fall with the width as it should",
    (Role.HIDDEN, "change", "grows"): "its learning rate does not fall with the width as it should",
    (Role.HIDDEN, "change", "shrinks"): "it learns more slowly in wider nets; queries and keys do so in the first steps"
    " of SGD, by the root of the head's width",
    (Role.INPUT, "change", "shrinks"): "its learning rate lacks a factor of the width",
    (
        Role.NORM,
        "change",
        "grows",
    ): "something before it moves too fast; or it takes what starts near zero, behind a wide"
    " → finite map, and makes its first steps large: put the norm before the map",
    (None, "size", "grows"): "its initial scale does not belong to its fan-in, or its input grows already",
    (None, "size", "shrinks"): "its initial scale is too small for its fan-in, or its input shrinks already",
    (None, "change", "grows"): "something before it moves too fast, or its own rate is too large",
    (None, "change", "shrinks"): "something before it moves too slowly, or its own rate is too small",
}


@dataclass(frozen=True)
class CoordinateCheck:
    """The outcome of :func:`coordinate_check`.

    ``table``: one row per width, seed, step, module and statistic, with its value; a module is a layer, or the name of
    a parameter that the net uses by hand, or the whole net's output. ``slopes``: one row per module, step and
    statistic: the log-log ``slope`` in the width with standard ``error``, the same over the narrower and the wider two
    thirds of the widths (``slope_narrow``, ``slope_wide``), the slope ``expected`` of the rule (NaN where it makes no
    prediction; where it allows several, the largest, and ``expected_low`` is the smallest: see ``predictions``) and a
    ``flag``: ``ok``, ``grows``, ``shrinks``, ``diverges`` (not finite), ``drifts`` (off, and on its way to what is
    expected) or empty (not judged). ``unwatched``: parameters whose effect shows nowhere. ``notes``: what was done to
    the net before it was looked at. ``inner``: the wide → finite maps inside the net.
    """

    rule: str
    optimizer_name: str
    is_stable: bool
    table: pd.DataFrame
    slopes: pd.DataFrame
    unwatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What the slopes say of the plan: it passes, fails, or cannot be judged.

        ``"passes"``: every judged slope is the rule's, the rule is stable, every parameter is watched. ``"fails"``: a
        slope is not. ``"incomplete: not watched: …"`` names parameters whose effect shows nowhere.
        ``"inconclusive: widths too small"``: a slope is off, but less so the wider the nets.
        """
        flags = set(self.slopes["flag"])
        if not self.is_stable or flags & set(_WRONG):
            return FAILS
        if self.unwatched:
            return f"{NOT_WATCHED}: {', '.join(self.unwatched)}"
        return TOO_SMALL if "drifts" in flags else PASSES

    def explain(self) -> str:
        """Say what was found, module by module, where to look, and which slopes are normal for the rule."""
        lines = [f"Coordinate check of {self.rule} with {self.optimizer_name}: {self.verdict}."]
        if not self.is_stable:
            lines.append(f"The rule {self.rule} itself is unstable: its updates grow with the width.")
        lines += [_described(row) for row in self.slopes.to_dict("records") if row["flag"] in _WRONG]
        drifting = self.slopes[self.slopes["flag"] == "drifts"]
        for row in drifting.to_dict("records"):
            lines.append(
                f"{row['module']} ({row['role']}), step {row['step']}: the slope of its {row['statistic']} goes from"
                f" {row['slope_narrow']:+.2f} in the narrower to {row['slope_wide']:+.2f} in the wider nets; the rule"
                f" says {_rule_says(row)}."
            )
        if len(drifting):
            widest = int(self.table["width"].max())
            lines.append(f"Wider nets decide this: check widths from {widest // 2} to {4 * widest}.")
        lines += [
            f"{name}: no layer and no function of torch shows what this parameter does (is it used?)."
            for name in self.unwatched
        ]
        if self.inner:
            lines.append(
                f"{', '.join(self.inner)}: wide → finite inside the net, so of a readout's scale. What takes it starts"
                " near zero and moves from there; this is judged for growth, and for shrinking beyond what that allows."
            )
        exact = self.slopes["expected"] == self.slopes["expected_low"]
        normal = self.slopes[self.is_stable & exact & (self.slopes["expected"] < 0) & (self.slopes["flag"] == "ok")]
        for (module, statistic, expected), rows in normal.groupby(["module", "statistic", "expected"], sort=False):
            steps = ", ".join(str(step) for step in rows["step"])
            why = (
                "an output that starts at zero in the limit"
                if statistic == "size"
                else "features that move less in wider nets, the kernel regime"
            )
            lines.append(f"Normal: {module}, step {steps}: {statistic} shrinks as n^({expected:+.2f}), {why}.")
        return "\n".join([*lines, *self.notes])

    def plot(self) -> "Figure":
        """Draw sizes at the start and changes after the last step against the width, a line a module.

        Points are means over seeds, bars one standard deviation. Needs seaborn.
        """
        import seaborn as sns
        from matplotlib import pyplot as plt

        # A legend higher than the figure would leave no room for the panels.
        height = max(3.2, 0.6 + 0.2 * self.table["module"].nunique())
        figure, panels = plt.subplots(1, 2, figsize=(7.2, height), layout="constrained")
        last = self.table["step"].max()
        for axes, statistic, step in zip(panels, ("size", "change"), (0, last), strict=True):
            table = self.table
            rows = table[(table["statistic"] == statistic) & (table["step"] == step) & (table["value"] > 0)]
            legend = statistic == "change" and "full"
            sns.lineplot(
                rows, x="width", y="value", hue="module", style="module", markers=True, dashes=False,
                errorbar="sd", err_style="bars", legend=legend, ax=axes,
            )  # fmt: skip
            axes.set(xscale="log", yscale="log", xlabel="width N")
            axes.set_xticks(sorted(self.table["width"].unique()), labels=sorted(self.table["width"].unique()))
            axes.minorticks_off()
        panels[0].set_ylabel("mean |x| at the start")
        panels[1].set_ylabel(f"mean |x − x at the start|, step {last}")
        if panels[1].get_legend() is not None:
            sns.move_legend(panels[1], "upper left", bbox_to_anchor=(1, 1), title=None, frameon=False)
        figure.suptitle(f"{self.rule}, {self.optimizer_name}: {self.verdict}")
        return figure


def _rule_says(row: Mapping[Hashable, Any]) -> str:
    low, high = row["expected_low"], row["expected"]
    return f"n^({high:+.2f})" if low == high else f"from n^({low:+.2f}) to n^({high:+.2f})"


def _described(row: Mapping[Hashable, object]) -> str:
    if row["flag"] == "diverges":
        return f"{row['module']}, step {row['step']}: {row['statistic']} is not finite."
    key = str(row["statistic"]), str(row["flag"])
    role = next((role for role in Role if role == row["role"]), None)
    advice = _ADVICE.get((role, *key)) or _ADVICE.get((None, *key), "")
    return (
        f"{row['module']} ({row['role']}), step {row['step']}: {row['statistic']} {row['flag']} with the width,"
        f" n^({row['slope']:+.2f} ± {row['error']:.2f}); the rule says {_rule_says(row)}: {advice}."
    )


def coordinate_check(
    build_model: Callable[[int], nn.Module],
    make_plan: Callable[[nn.Module, nn.Module], Plan],
    widths: Sequence[int],
    *,
    base_width: int,
    inputs: Inputs,
    targets: torch.Tensor,
    loss: Callable[[Any, torch.Tensor], torch.Tensor],
    n_steps: int = 3,
    n_seeds: int = 3,
    tolerance: float = 0.15,
) -> CoordinateCheck:
    """Train nets of several widths for a few steps on one batch and fit how their activations scale.

    ``build_model(width)`` builds a net, ``make_plan(model, base_model)`` its plan (with ``plan.replace``, a negative
    control). Of every parameter's effect (see :func:`watching.find_sites`) and of the net's output the value x_t after
    t updates is recorded as ``size``, the mean |x_t|, and ``change``, the mean |x_t - x_0| (after Yang et al. 2022,
    Fig. 5, where it is the standard deviation). A slope is judged if the rule predicts it: sizes at the start and
    changes after each step; of the net's output only that it does not grow. It is flagged if it is further than
    ``tolerance`` plus two standard errors away from the prediction (where an unstable rule predicts growth: from 0;
    where wide → finite maps inside the net make it an interval: from that, see ``predictions``),
    unless the wider nets are right, or on their way, which says that the widths are too small to tell.

    The nets train on f - f0, their output less that at the start: f0 vanishes as a power of the width in feature-
    learning rules, and in narrow nets the errors that drive the first steps would mostly be f0. Its own size is judged.
    ``inputs`` may be several tensors, in order or by the names of arguments; the output may be a tuple, list or dict
    (of these), of which all tensors are those less their start, and those that the loss uses are judged.

    Dropout is off, and any other chance in building and in every forward pass is seeded alike at all steps and widths,
    so that neither a mask nor the global seed decides a verdict; the global generator is left as it was. Raises
    SpecError.
    """
    for width in (*widths, base_width):
        if not isinstance(width, int | np.integer) or width < 1:
            raise SpecError(f"a width is {width!r}; widths and base_width are positive whole numbers")
    if len(set(widths)) < 2:
        raise SpecError(f"widths are {list(widths)}; a slope needs at least two different ones")
    if n_steps < 1 or n_seeds < 1:
        raise SpecError(f"n_steps is {n_steps} and n_seeds {n_seeds}; both must be at least 1")
    records: list[dict[str, object]] = []
    with torch.random.fork_rng():

        def built(width: int, seed: int = 0) -> tuple[nn.Module, bool]:
            torch.manual_seed(seed)
            model = unwrapped(build_model(width))
            return model, quiet_(model)

        base_model, had_dropout = built(base_width)
        # At the base width itself shapes show no role, so the roles are those of another width.
        other, _ = built(next(width for width in widths if width != base_width))
        plan = make_plan(other, base_model)
        torch.manual_seed(0)
        sites = find_sites(other, plan, inputs)
        if not sites.roles:
            raise SpecError("nothing in the model that learns can be watched: no parameter has a role that has a width")
        for width in widths:
            for seed in range(n_seeds):
                model, _ = built(width, seed)
                its_plan = make_plan(model, base_model)
                its_plan.init_(model, seed)
                history = _train(model, its_plan, sites, inputs, targets, loss, n_steps)
                for step, values in enumerate(history):
                    for site, value in values.items():
                        statistics = {"size": value, "change": value - history[0][site]}
                        records += [
                            {
                                "width": width,
                                "seed": seed,
                                "step": step,
                                "module": site,
                                "statistic": name,
                                "value": x.abs().mean().item(),
                            }
                            for name, x in statistics.items()
                            if step > 0 or name == "size"
                        ]
    table = pd.DataFrame.from_records(records)
    return CoordinateCheck(
        rule=plan.rule,
        optimizer_name=plan.optimizer_name,
        is_stable=is_stable(plan),
        table=table,
        slopes=_fit(table, sites, plan, tolerance),
        unwatched=sites.unwatched,
        notes=("Dropout was switched off.",) if had_dropout else (),
        inner=tuple(site for site, place in sites.places.items() if place.is_inner),
    )


def _train(
    model: nn.Module,
    plan: Plan,
    sites: Sites,
    inputs: Inputs,
    targets: torch.Tensor,
    loss: Callable[[Any, torch.Tensor], torch.Tensor],
    n_steps: int,
) -> list[dict[str, torch.Tensor]]:
    """Return what the sites show before the first and after every step."""
    optimizer = plan.optimizer(model)
    history: list[dict[str, torch.Tensor]] = []
    initial: list[Any] = []
    used: list[str] = []
    for step in range(n_steps + 1):
        torch.manual_seed(0)
        with watched(model, sites.modules, sites.products, inputs) as values:
            outputs = called(model, inputs)
        paths, structure = pytree.tree_flatten_with_path(outputs)
        leaves = {f"{MODEL_OUTPUT}{pytree.keystr(path)}": leaf for path, leaf in paths if _is_differentiable(leaf)}
        entries = {name: model.get_parameter(name).detach().clone() for name in sites.entries}
        recorded = {site: values[site] for site in (*sites.modules, *sites.products)} | entries
        history.append(recorded)
        if step == 0:
            initial = [leaf.detach() if _is_differentiable(leaf) else None for _, leaf in paths]
        moved = [leaf if start is None else leaf - start for (_, leaf), start in zip(paths, initial, strict=True)]
        if step < n_steps:
            value = loss(pytree.tree_unflatten(moved, structure), targets)
            if value.numel() != 1:
                raise SpecError(f"the loss returns a tensor of shape {tuple(value.shape)}; it has to be one number")
        if step == 0:
            of_leaves = [x for x, start in zip(moved, initial, strict=True) if start is not None]
            slopes = torch.autograd.grad(value, of_leaves, retain_graph=True, allow_unused=True) if of_leaves else ()
            used = [name for name, slope in zip(leaves, slopes, strict=True) if slope is not None]
        for name in used:
            if not _shown_by_a_readout(leaves[name], recorded, sites):
                recorded[name] = leaves[name].detach().clone()
        if step < n_steps:
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    if not used:  # an object of the user's own, whose tensors are not seen
        raise SpecError(
            f"of what the model returns, a {type(outputs).__name__}, the loss uses no tensor that can be found; return"
            " a tensor, or a tuple, list or dict of tensors"
        )
    return history


def _is_differentiable(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad


def _shown_by_a_readout(outputs: torch.Tensor, values: dict[str, torch.Tensor], sites: Sites) -> bool:
    """Return whether the net's output is that of one of its readouts, and so watched already."""
    readouts = (values[site] for site, role in sites.roles.items() if role is Role.OUTPUT)
    return any(
        x.shape == outputs.shape and torch.equal(x.nan_to_num(), outputs.detach().nan_to_num()) for x in readouts
    )


def _flag(all_: float, narrow: float, wide: float, errors: tuple[float, float, float], tolerance: float) -> str:
    """Return the flag of a slope from its deviations over all widths, the narrower and the wider ones.

    All widths decide, with two standard errors. Where they are off, the wider ones may be right already, or on their
    way; where they are not, the wider ones must not be off beyond any doubt (one of the hundreds of slopes of a net is
    always off by two errors).
    """
    error, narrow_error, wide_error = errors
    if abs(all_) <= tolerance + 2 * error:
        late = abs(wide) > max(tolerance + _BEYOND_DOUBT * wide_error, _HALF_A_POWER) and abs(wide) > abs(narrow)
        return ("grows" if wide > 0 else "shrinks") if late else "ok"
    if abs(wide) <= tolerance:
        return "ok"
    if abs(wide) < _HALF_A_POWER or abs(narrow) - abs(wide) > 2 * math.hypot(narrow_error, wide_error):
        return "drifts"
    return "grows" if all_ > 0 else "shrinks"


def _fit(table: pd.DataFrame, sites: Sites, plan: Plan, tolerance: float) -> pd.DataFrame:
    widths = sorted(table["width"].unique())
    part = max(2, -(-2 * len(widths) // 3))
    rows = []
    for key, group in table.groupby(["module", "step", "statistic"], sort=False):
        module, step, statistic = cast(tuple[str, int, str], key)
        role = sites.roles.get(module)
        if module.startswith(MODEL_OUTPUT):
            low, expected = -math.inf, 0.0 if statistic == "change" or step == 0 else math.nan
        else:
            low, expected = predicted(plan, role, sites.places[module], statistic, step)
        slope, error = _slope(group)
        narrow, narrow_error = _slope(group[group["width"].isin(widths[:part])])
        wide, wide_error = _slope(group[group["width"].isin(widths[-part:])])
        goals = min(low, 0.0), min(expected, 0.0)

        if not np.isfinite(group["value"]).all():
            flag = "diverges"
        elif math.isnan(expected) or math.isnan(slope):
            flag = ""
        else:
            all_off, narrow_off, wide_off = (its - float(np.clip(its, *goals)) for its in (slope, narrow, wide))
            flag = _flag(all_off, narrow_off, wide_off, (error, narrow_error, wide_error), tolerance)
        rows.append(
            {
                "module": module,
                "role": "output" if module.startswith(MODEL_OUTPUT) else role or "unknown",
                "step": step,
                "statistic": statistic,
                "slope": slope,
                "error": error,
                "slope_narrow": narrow,
                "slope_wide": wide,
                "expected": expected,
                "expected_low": low,
                "flag": flag,
            }
        )
    return pd.DataFrame.from_records(rows)


def _slope(group: pd.DataFrame) -> tuple[float, float]:
    """Return the least-squares log-log slope in the width and its standard error; NaN for a zero or no number."""
    width, value = group["width"].to_numpy(float), group["value"].to_numpy(float)
    if not (np.isfinite(value).all() and (value > 0).all()):
        return math.nan, math.nan
    x, y = np.log2(width), np.log2(value)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    degrees = len(x) - 2
    return slope, math.sqrt(float(residual @ residual) / degrees / float(x @ x)) if degrees > 0 else 0.0
