"""Tables 3, 8 and 9: printed, derived, and equal as trainings."""

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2022.limits import FORMS, PRINTED
from infwidth.papers.yang2022.measured import differing_exponents, form_differences
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL
from infwidth.plotting.tables import text_table
from infwidth.plotting.text import power

_ROWS = {"init_variance": "b", "multiplier": "a", "sgd_lr": "c", "adam_lr": "c"}
_WORDS = {"init_variance": "init. variance", "multiplier": "multiplier", "sgd_lr": "SGD rate", "adam_lr": "Adam rate"}
_FORMS = {
    "table_8": ("Table 8", {"color": "#8a6fb0"}),
    "table_9": ("Table 9", {"color": "#3a7ca5"}),
    "sp": ("standard parametrization", {"color": "#c44e52"}),
}
_OPTIMIZERS: dict[str, tuple[str, Any]] = {"sgd": ("SGD", "-"), "adam": ("Adam", (0, (4, 1.5)))}
_DERIVED, _OTHER = "#dcebdc", "#f3d3d3"


def tables_scaling(tables: Tables) -> Figure:
    """Left: the tables, each entry filled by whether it is derived. Right: differences of trainings over steps."""
    table = tables["formulations"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.7), width_ratios=(1.35, 1))
    _printed(left, table)
    differences = form_differences(table)
    for optimizer, (_, style) in _OPTIMIZERS.items():
        for form, (_, colour) in _FORMS.items():
            chosen = differences[(differences.optimizer == optimizer) & (differences.layer == form)]
            for _, one in chosen.groupby("seed"):
                right.plot(one.step, one.value, linestyle=style, linewidth=0.9, **colour)
    log_heights(right)
    right.set(xlabel="step", ylabel="relative difference from Table 3's form", title="Trained in double precision")
    forms = [legends.line(words, **colour) for words, colour in _FORMS.values()]
    optimizers = [legends.line(words, linestyle=style) for words, style in _OPTIMIZERS.values()]
    legends.below(figure, [*forms, *optimizers])
    return figure


def _printed(axes: Axes, table: Table) -> None:
    differs = differing_exponents(table)
    cells, fills = [["", "", "input", "hidden", "output"]], {}
    for form in FORMS:
        for quantity, letter in _ROWS.items():
            powers = getattr(PRINTED[form], quantity)
            name = form.replace("table_", "Table ") if quantity == "init_variance" else ""
            cells.append([name, _WORDS[quantity], *(_power(x) for x in powers)])
            of = differs[(differs.layer == form) & (differs.letter == letter)]
            of = of[of.optimizer == quantity.removesuffix("_lr")] if letter == "c" else of
            for role in range(len(powers)):
                wrong = of.value[of["index"] == role].any()
                fills[len(cells) - 1, 2 + role] = _OTHER if wrong else _DERIVED
    text_table(axes, cells, widths=(0.9, 1.3, 0.9, 0.9, 0.9), fills=fills, rules_after=(0, 4, 8, 12), fontsize=8)
    axes.set_title("As printed, in powers of the width $n$")


def _power(exponent: int | str) -> str:
    return "1" if str(exponent) == "0" else ("$n$" if str(exponent) == "1" else power("n", str(exponent)))
