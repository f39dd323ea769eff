"""The parameters of a transformer as rectangles: long where a dimension grows with the width."""

from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from infwidth.analysis.table import Table, Tables
from infwidth.plotting.style import FULL

#: Lengths of dimensions that grow with the width, of those that stay, and of the one a vector lacks.
_LONG, _SHORT, _NONE = 0.62, 0.24, 0.07
_FILLS = {1: "#9fb8dc", 2: "#efb654"}
_TITLES = {1: "vector-like: one dimension grows", 2: "matrix-like: two dimensions grow"}
#: Parameters in a row, and the distances of neighbours across and down.
_COLUMNS = {1: 3, 2: 3}
_PITCH = {1: (2.5, 1.5), 2: (1.85, 2.2)}
#: Order of the parameters by role.
_ROLES = ("embedding", "output", "norm", "hidden")
#: Parts of parameter names that say nothing here, and words for those that need one.
_SILENT = ("blocks", "branch")
_WORDS = {
    "token": "token embedding",
    "position": "position embedding",
    "mlp": "MLP",
    "norm": "norm",
    "out": "output",
    "norm.weight": "gain",
    "norm.bias": "bias",
}


@dataclass(frozen=True)
class _Parameter:
    """A parameter: its readable name, and for every dimension its size and whether it grows."""

    name: str
    sizes: tuple[int, ...]
    grows: tuple[bool, ...]


def fig4(tables: Tables) -> Figure:
    """All parameters as rectangles with a ghost at width 2n: vector-like ones (left) and matrix-like ones (right)."""
    groups = _groups(tables["parameters"])
    across = [_COLUMNS[kind] * _PITCH[kind][0] for kind in groups]
    down = max(-(-len(group) // _COLUMNS[kind]) * _PITCH[kind][1] for kind, group in groups.items())
    figure, panels = plt.subplots(1, 2, figsize=(FULL, 0.3 + FULL * (down + 0.2) / sum(across)), width_ratios=across)
    for axes, (kind, group) in zip(panels, groups.items(), strict=True):
        _draw_group(axes, group, kind, down)
    return figure


def _groups(table: Table) -> dict[int, list[_Parameter]]:
    """Return the parameters with one and with two growing dimensions, each by role, then in the table's order."""
    groups: dict[int, list[_Parameter]] = {1: [], 2: []}
    names = [name for role in _ROLES for name in table.nets(f"role_{role}").layer]
    n_blocks = len({name.split(".")[1] for name in names if name.startswith("blocks.")})
    for name in names:
        rows = table.at(layer=name)
        sizes, grows = (rows.nets(metric).sort_values("index").value for metric in ("size", "wide"))
        parameter = _Parameter(
            _readable(name, number_blocks=n_blocks > 1), tuple(sizes.astype(int)), tuple(grows.astype(bool))
        )
        groups[sum(parameter.grows)].append(parameter)
    return groups


def _readable(name: str, *, number_blocks: bool) -> str:
    """Return words for a parameter's name: that of its module, and for norms which of the two it is."""
    *modules, leaf = name.split(".")
    words = [_WORDS.get(module, module) for module in modules if module not in _SILENT and not module.isdigit()]
    if modules[-1] == "norm":
        words = [*(words if len(words) > 1 else ["last", *words]), _WORDS[f"norm.{leaf}"]]
    block = [f"block {int(module) + 1}" for module in modules if module.isdigit() and number_blocks]
    return " ".join([*block, *words])


def _draw_group(axes: Axes, group: list[_Parameter], kind: int, height: float) -> None:
    """Draw the parameters of one kind in rows, on a page of that height."""
    columns, (across, down) = _COLUMNS[kind], _PITCH[kind]
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set(xlim=(-0.85, across * columns - 0.85), ylim=(height - 0.85, -1.05))
    for number, parameter in enumerate(group):
        row, column = divmod(number, columns)
        _draw_parameter(axes, parameter, across * column, down * row, _FILLS[kind])
    axes.set_title(_TITLES[kind])


def _draw_parameter(axes: Axes, parameter: _Parameter, x: float, y: float, fill: str) -> None:
    """Draw one rectangle, its left end at x and its middle at y, and behind it what it is at twice the width.

    Its first dimension is across if it is the only one, else down.
    """
    lengths = [_LONG if grows else _SHORT for grows in parameter.grows]
    doubled = [2 * _LONG if grows else _SHORT for grows in parameter.grows]
    sizes = ["n" if grows else str(size) for grows, size in zip(parameter.grows, parameter.sizes, strict=True)]
    if len(lengths) == 1:
        lengths, doubled, sizes = [_NONE, *lengths], [_NONE, *doubled], ["", *sizes]
    top, left = y - doubled[0] / 2, x - 0.35
    ghost: dict[str, Any] = {"fc": "none", "ec": "0.6", "linestyle": (0, (2, 1.5)), "linewidth": 0.7}
    solid: dict[str, Any] = {"fc": fill, "ec": "0.25", "linewidth": 0.8}
    for (height, width), style in ((doubled, ghost), (lengths, solid)):
        axes.add_patch(Rectangle((left, top), width, height, **style))
    down, across = sizes
    axes.text(left + lengths[1] / 2, top - 0.05, across, ha="center", va="bottom", fontsize=7, style="italic")
    axes.text(left - 0.06, top + lengths[0] / 2, down, ha="right", va="center", fontsize=7, style="italic")
    words = parameter.name.replace(" ", "\n", 1)
    axes.text(left, top + doubled[0] + 0.07, words, ha="left", va="top", fontsize=7, linespacing=0.95)
