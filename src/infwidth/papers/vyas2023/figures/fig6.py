"""The variance over initialisations falls as 1/N."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.analysis.selection import first_step_after
from infwidth.papers.vyas2023.measured import PARTS
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.style import DASHED
from infwidth.plotting.widths import guide_above
from infwidth.topics.consistency.measures import TASKS

#: How the variance is shown at each of these.
_LINES: dict[str, tuple[str, Any]] = {"early": ("o", DASHED), "late": ("s", "-")}


def fig6(tables: Tables) -> Figure:
    """Variance of the logits over seeds against width, early and late in training, a panel a task."""
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 2.9))
    for axes, experiment in zip(panels, ("vision_online", "language"), strict=True):
        _draw_variance(axes, tables[experiment])
        axes.set_title(TASKS[experiment])
    panels[0].set_ylabel("variance of the logits over seeds")
    return figure


def _draw_variance(axes: Axes, table: pd.DataFrame) -> None:
    for when, (marker, linestyle) in _LINES.items():
        step = first_step_after(table, PARTS[when])
        values = _pseudovalues(table[(table.metric == "logit_deviation") & (table.step == step)])
        line: dict[str, Any] = {
            "marker": marker,
            "linestyle": linestyle,
            "linewidth": 1.1,
            "label": f"{when} (step {step})",
        }
        errors_against_width(axes, values, color="0.25", **line)
        guide_above(axes, values, exponent=-1, label="$1/N$")
    log_heights(axes)
    width_axis(axes, table.width.unique().tolist())
    axes.legend(loc="upper right")


def _pseudovalues(deviations: pd.DataFrame) -> pd.DataFrame:
    """Return the jackknife's pseudo-values of the variance: Student's interval of their mean is the jackknife's.

    With d_e the deviation of seed e (whose mean is the variance v), the variance without it is
    ((E − 1) v − d_e)/(E − 2). Of two seeds there is no jackknife, and their common variance is returned once.
    """
    parts = []
    for width, of_width in deviations.groupby("width"):
        d, n = of_width.value.to_numpy(), len(of_width)
        values = d[:1] if n < 3 else n * d.mean() - (n - 1) * ((n - 1) * d.mean() - d) / (n - 2)
        parts.append(pd.DataFrame({"width": width, "value": values}))
    return pd.concat(parts, ignore_index=True)
