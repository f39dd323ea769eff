"""Train a study's nets, one after the other into a table that is always whole, and judge how the best rate moves."""

import json
import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from infwidth.analysis.lr_optimum import Optimum, best_loss_change, drift, optima
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Table
from infwidth.errors import SpecError
from infwidth.files import replacing, write_text
from infwidth.transfer.study import Shape, Trained, TransferStudy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRANSFERS, DRIFTS, UNDECIDED = "transfers", "drifts", "not enough to say"

#: Octaves a doubling that the best rate may move: over three doublings it is then off by less than a factor of 2, which
#: is what a valley of the loss is wide. The claims of this repository have the same bound.
ALLOWED = 1 / 3

_KEY = ["width", "depth", "lr", "seed"]


@dataclass(frozen=True)
class AxisVerdict:
    """How the best learning rate moves with ``axis`` (width or depth).

    ``drift``: octaves a doubling, with its interval over seeds; None where it cannot be told, and ``why`` says why not.
    ``gain``: change of the logarithm of the best loss a doubling. ``optima``: one a size. ``regret``: the loss of the
    largest net at the rate of the grid that is best for the base, over its loss at its own.
    """

    axis: str
    drift: Estimate | None
    gain: Estimate | None
    optima: list[Optimum]
    regret: float
    why: str = ""

    @property
    def verdict(self) -> str:
        """``transfers`` if the whole interval is within ±1/3 octave a doubling, ``drifts`` if none of it is."""
        if self.drift is None:
            return UNDECIDED
        low, high = self.drift.low, self.drift.high
        if low >= -ALLOWED and high <= ALLOWED:
            return TRANSFERS
        return DRIFTS if high < -ALLOWED or low > ALLOWED else UNDECIDED


@dataclass(frozen=True)
class TransferCheck:
    """The outcome of :func:`transfer_check`: ``table``, a row a net, and a verdict for each axis.

    ``table`` has width, depth (missing where it is not varied), lr, seed, loss and initial (not a number: diverged).
    ``hints``: what in the model, its plan or the sweep is known to move an optimum.
    """

    study: TransferStudy
    table: pd.DataFrame
    axes: list[AxisVerdict]
    hints: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The worst of the axes: drifts, then not enough to say, then transfers."""
        found = [axis.verdict for axis in self.axes]
        return next(verdict for verdict in (DRIFTS, UNDECIDED, TRANSFERS) if verdict in found)

    def explain(self) -> str:
        """Say what was found for each axis and, unless all transfers, what to look at."""
        lines = [f"{self.study.rule} with {self.study.optimizer}, {self.study.steps} steps: {self.verdict}."]
        for axis in self.axes:
            lines.append(f"{axis.axis}: {axis.verdict}. {_told(axis)}")
            lines += [
                f"  {axis.axis} {optimum.at:g}: best rate {optimum.lr.value:.3g}"
                f" ({optimum.lr.low:.3g} … {optimum.lr.high:.3g}), loss {optimum.loss:.4g}{_at_edge(optimum)}"
                for optimum in axis.optima
            ]
        if self.verdict != TRANSFERS:
            lines += ["Look at:", *(f"- {hint}" for hint in self.hints)]
        return "\n".join(lines)

    def plot(self) -> "Figure":
        """Draw the loss against the rate, a line a size and a panel an axis, and the fitted optima."""
        from infwidth.transfer.figure import drawn

        return drawn(self)


def transfer_check(study: TransferStudy, folder: Path | str | None = None, *, quiet: bool = True) -> TransferCheck:
    """Train all nets of a study and judge whether its hyperparameters transfer.

    With a ``folder``, every finished net is in ``folder/transfer.csv`` at once, and a second call, of more rates,
    seeds, widths or depths too, trains only what is not there. A file of another study is refused, as one without
    depths is if this one has some. ``quiet=False`` prints a line a net. Raises SpecError.
    """
    path = Path(folder) / "transfer.csv" if folder is not None else None
    known = _resumed(study, path)
    with torch.random.fork_rng():
        for shape, lr, seed in _nets(study):
            key = (shape.width, shape.depth, lr, seed)
            if key in known:
                continue
            known[key] = study.trained(shape, lr, seed)
            if not quiet:
                size = f"width {shape.width}" + (f", depth {shape.depth}" if shape.depth is not None else "")
                print(f"{size}, rate {lr:.3g}, seed {seed}: loss {known[key].loss:.4g}", flush=True)
            if path is not None:
                with replacing(path) as temporary:
                    _frame(known).to_csv(temporary, index=False)
        wanted = {(shape.width, shape.depth, lr, seed) for shape, lr, seed in _nets(study)}
        table = _frame({key: net for key, net in known.items() if key in wanted})
        return TransferCheck(study, table, _judged(study, table), _hints(study))


def _nets(study: TransferStudy) -> Iterator[tuple[Shape, float, int]]:
    """Yield every net; a seed after the other, so that what is there early shows all sizes."""
    for seed in range(study.seeds):
        for shape in study.shapes:
            for lr in study.rates:
                yield shape, float(lr), seed


#: Width, depth, rate and seed.
_Net = tuple[int, int | None, float, int]
_Known = dict[_Net, Trained]


def _frame(known: _Known) -> pd.DataFrame:
    rows = [(*key, *net) for key, net in known.items()]
    frame = pd.DataFrame(rows, columns=[*_KEY, "loss", "initial"])
    return frame.astype({"depth": "Int64"}).sort_values(_KEY, ignore_index=True)


def _resumed(study: TransferStudy, path: Path | None) -> _Known:
    """Return the nets that are in the file already, and write down what study it is of."""
    if path is None:
        return {}
    record = path.with_suffix(".json")
    settings = study.settings()
    if not record.exists():
        write_text(record, json.dumps(settings, indent=1) + "\n")
        return {}
    try:
        theirs = json.loads(record.read_text(encoding="utf-8"))
        rows = pd.read_csv(path).to_dict("records") if path.exists() else []
        known = dict(map(_read, rows))
    except (ValueError, KeyError) as error:
        raise SpecError(f"{path} or {record.name} is not what transfer_check wrote ({error}); remove both") from error
    differing = sorted(key for key in settings.keys() | theirs.keys() if settings.get(key) != theirs.get(key))
    if differing:
        raise SpecError(
            f"{path} is of another study, which differs in {', '.join(differing)}; give another folder, or remove it"
        )
    return known


def _read(row: Mapping[Hashable, Any]) -> tuple[_Net, Trained]:
    depth = None if pd.isna(row["depth"]) else int(row["depth"])
    net = int(row["width"]), depth, float(row["lr"]), int(row["seed"])
    return net, Trained(float(row["loss"]), float(row["initial"]))


def _judged(study: TransferStudy, table: pd.DataFrame) -> list[AxisVerdict]:
    axes = []
    if len(study.widths) > 1:
        axes.append(_axis(study, table[table.depth.isna() | (table.depth == study.base_depth)], "width"))
    if len(study.depths) > 1:
        axes.append(_axis(study, table[table.width == study.base_width], "depth"))
    return axes


def _axis(study: TransferStudy, nets: pd.DataFrame, axis: str) -> AxisVerdict:
    initial = nets.initial[np.isfinite(nets.initial)]
    chance = math.inf if initial.empty else float(initial.median())
    tidy = Table(_tidy(nets), "the study")
    options: dict[str, Any] = {"axis": axis, "metric": "loss", "chance": chance}
    try:
        found = optima(tidy, **options)
    except NotTestableError:
        return AxisVerdict(axis, None, None, [], math.nan, "No net has a loss at the end: all of them diverged.")
    regret = _regret(nets, found, axis, study.base_width if axis == "width" else study.base_depth)
    try:
        moved, gain = drift(tidy, **options), best_loss_change(tidy, **options)
    except NotTestableError as error:
        return AxisVerdict(axis, None, None, found, regret, str(error))
    return AxisVerdict(axis, moved, gain, found, regret)


def _tidy(nets: pd.DataFrame) -> pd.DataFrame:
    """Return the nets as the rows that the optimum's definition reads, one for all papers and for one's own model."""
    lost = nets.loss.isna()
    frame = nets.assign(metric=np.where(lost, "diverged", "loss"), value=nets.loss.fillna(1.0))
    frame = frame.assign(cell="", of="net", step=0, layer="", index=0)
    return frame.drop(columns=["loss", "initial"])


def _regret(nets: pd.DataFrame, found: list[Optimum], axis: str, base: int | None) -> float:
    """Return what the base's best rate costs the largest net: its loss there over its least, of means over seeds."""
    of_base = next((optimum for optimum in found if optimum.at == base), None)
    largest = nets[nets[axis] == nets[axis].max()]
    losses = largest.groupby("lr").loss.apply(lambda loss: loss.mean(skipna=False))
    if of_base is None or losses.isna().all():
        return math.nan
    return float(losses[of_base.grid_lr] / losses.min())


def _told(axis: AxisVerdict) -> str:
    if axis.drift is None:
        return f"{axis.why} Widen the rates, or take away sizes that do not train."
    words = (
        f"The best rate moves by {axis.drift.value:+.2f} octaves a doubling"
        f" ({axis.drift.low:+.2f} … {axis.drift.high:+.2f})"
    )
    if not math.isfinite(axis.drift.high - axis.drift.low):
        words += ", of one seed, which shows no scatter: give two at the least, better four"
    elif axis.verdict == UNDECIDED:
        half = (axis.drift.high - axis.drift.low) / 2
        more = math.ceil((half / max(ALLOWED - abs(axis.drift.value), ALLOWED / 4)) ** 2 * axis.drift.n)
        words += f"; about {max(more, axis.drift.n + 1)} seeds, or a wider span of sizes, would decide it"
    if math.isfinite(axis.regret):
        words += f". At the base's best rate the largest net has {axis.regret:.3f} times its least loss"
    if axis.gain is not None:
        words += f"; the best loss changes by {math.expm1(axis.gain.value):+.1%} a doubling"
    return words + "."


def _at_edge(optimum: Optimum) -> str:
    edges = {
        "smallest": ", at the smallest rate: a bound",
        "largest": ", at the largest rate: a bound",
        "stability": ", at the largest stable rate",
        "": "",
    }
    return edges[optimum.edge]


def _hints(study: TransferStudy) -> tuple[str, ...]:
    """Return what is known to move an optimum, of what this model and plan have; the coordinate check comes first."""
    model = study.built(study.shapes[0])
    plan = study.plan(model, study.shapes[0], study.rates[0])
    hints = ["the coordinate check, infwidth.parametrization.coordinate_check: it names the layer whose scale is wrong"]
    if study.rule == "sp":
        hints.append("the rule: sp has one rate for all layers, whose best value falls with the width")
    if any(isinstance(module, nn.MultiheadAttention) for module in model.modules()):
        hints.append(
            "the attention's scale: torch's layer divides logits by √d, μP by d; with a fixed number of heads they grow"
        )
    if len(list(model.named_parameters(remove_duplicate=False))) > len(plan):
        hints.append("tied parameters: a tied readout needs its multiplier, base width / width, in the model")
    if study.optimizer != "sgd" and max(p.eps for p in plan.values()) > 1e-9:
        hints.append("Adam's eps: it is compared with gradients, which shrink with the width; try 1e-12")
    if any(p.weight_decay for p in plan.values()):
        hints.append("weight decay: the plan keeps lr × decay; try none, then the decay that is tuned at the base")
    if study.depths and not study.branches:
        hints.append("the depth: divide branches by √depth or by depth in the model, and name them in branches")
    hints.append("the length of training: after few steps the best rate still depends on everything; train longer")
    hints.append("the base: one of width 8 or 16 is far from any limit; start where nets are 64 wide or more")
    return tuple(hints)
