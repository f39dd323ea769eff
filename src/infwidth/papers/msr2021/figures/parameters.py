"""The parameters of a transformer as rectangles: long where a dimension grows with the width."""

from dataclasses import dataclass

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from infwidth.analysis.claims import Tables

#: Lengths of dimensions that grow with the width, of those that stay, and of the one a vector lacks.
_LONG, _SHORT, _NONE = 1.0, 0.3, 0.07
_FILLS = {1: "#8fa9d0", 2: "#e8a33d"}
_TITLES = {1: "vector-like: one dimension grows", 2: "matrix-like: two dimensions grow"}
_COLUMNS = {1: 3, 2: 2}
_PITCH = (1.6, 1.7)
#: Order of the parameters by role.
_ROLES = ("embedding", "norm", "hidden", "output")
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
    """All parameters as rectangles, vector-like ones on the left and matrix-like ones on the right."""
    groups = _groups(tables["parameters"])
    rows = max(-(-len(group) // _COLUMNS[kind]) for kind, group in groups.items())
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 0.6 + 1.25 * rows), width_ratios=list(_COLUMNS.values()))
    for axes, (kind, group) in zip(panels, groups.items(), strict=True):
        _draw_group(axes, group, kind, rows)
    return figure


def _groups(table: pd.DataFrame) -> dict[int, list[_Parameter]]:
    """Return the parameters with one and with two growing dimensions, each by role, then in the table's order."""
    groups: dict[int, list[_Parameter]] = {1: [], 2: []}
    names = [name for role in _ROLES for name in table[table.metric == f"role_{role}"].layer.unique()]
    n_blocks = len({name.split(".")[1] for name in names if name.startswith("blocks.")})
    for name in names:
        rows = table[table.layer == name].sort_values("index")
        sizes = tuple(rows[rows.metric == "size"].value.astype(int))
        grows = tuple(rows[rows.metric == "wide"].value.astype(bool))
        groups[sum(grows)].append(_Parameter(_readable(name, number_blocks=n_blocks > 1), sizes, grows))
    return groups


def _readable(name: str, *, number_blocks: bool) -> str:
    """Return words for a parameter's name: that of its module, and for norms which of the two it is."""
    *modules, leaf = name.split(".")
    words = [_WORDS.get(module, module) for module in modules if module not in _SILENT and not module.isdigit()]
    if modules[-1] == "norm":
        words = [*(words if len(words) > 1 else ["last", *words]), _WORDS[f"norm.{leaf}"]]
    block = [f"block {int(module) + 1}" for module in modules if module.isdigit() and number_blocks]
    return " ".join([*block, *words])


def _draw_group(axes: Axes, group: list[_Parameter], kind: int, rows: int) -> None:
    columns = _COLUMNS[kind]
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set(xlim=(-0.85, _PITCH[0] * columns - 0.85), ylim=(_PITCH[1] * rows - 0.75, -0.75))
    for number, parameter in enumerate(group):
        row, column = divmod(number, columns)
        _draw_parameter(axes, parameter, _PITCH[0] * column, _PITCH[1] * row, _FILLS[kind])
    axes.set_title(_TITLES[kind])


def _draw_parameter(axes: Axes, parameter: _Parameter, x: float, y: float, fill: str) -> None:
    """Draw one rectangle around (x, y): its first dimension across if it is the only one, else down."""
    lengths = [_LONG if grows else _SHORT for grows in parameter.grows]
    sizes = ["n" if grows else str(size) for grows, size in zip(parameter.grows, parameter.sizes, strict=True)]
    height, width = (_NONE, *lengths) if len(lengths) == 1 else lengths
    down, across = ("", *sizes) if len(sizes) == 1 else sizes
    axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, fc=fill, ec="0.25", linewidth=0.8))
    axes.text(x, y - height / 2 - 0.05, across, ha="center", va="bottom", fontsize=7, style="italic")
    axes.text(x - width / 2 - 0.05, y, down, ha="right", va="center", fontsize=7, style="italic")
    axes.text(x, y + height / 2 + 0.06, parameter.name.replace(" ", "\n", 1), ha="center", va="top", fontsize=7)
