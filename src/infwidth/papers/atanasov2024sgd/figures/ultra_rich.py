"""Ultra-rich nets: one loss curve in rescaled time, and alignment before learning."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.atanasov2024sgd.measured import curves
from infwidth.papers.atanasov2024sgd.panels import gamma_colour, gamma_handles
from infwidth.plotting import legends
from infwidth.plotting.style import FULL

#: From where on curves are drawn in rescaled time.
_RESCALED = 10.0


def ultra_rich(tables: Tables) -> Figure:
    """Losses against steps and against τ = η t/γ, and the alignment of the last layers against what is learned."""
    table = tables["paths"].at(n_hidden=max)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.0))
    losses, aligned = curves(table), curves(table, "layer_alignment")
    _draw(left, losses[losses.step > 0], "step")
    left.set(xscale="log", title="at equal steps", xlabel="training step", ylabel="loss / initial", ylim=(0, 1.05))
    _draw(middle, losses[losses.gamma0 >= _RESCALED], "tau")
    middle.set(title="in rescaled time", xlabel="τ = η t/γ", ylim=(0, 1.05), xlim=(0, 100))
    keys = ["gamma0", "seed", "step"]
    both = aligned.merge(losses[[*keys, "value"]].rename(columns={"value": "left"}), on=keys)
    _draw(right, both.assign(learned=1 - both.left), "learned")
    right.set(
        title="alignment", xlabel="part of the loss learned", ylabel="|cos|, readout and layer below", xlim=(-0.02, 0.5)
    )
    legends.below(figure, gamma_handles(losses.gamma0), ncols=5)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    """Draw means over seeds, a colour a γ; of ``x`` and ``value`` both."""
    for gamma0, its in rows.groupby("gamma0"):
        means = (
            its.groupby("step")[[x, "value"]].mean() if x != "step" else its.groupby("step").value.mean().reset_index()
        )
        axes.plot(means[x], means.value, color=gamma_colour(gamma0), linewidth=1.2)
