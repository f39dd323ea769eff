"""What the experiments of Vyas et al. 2023 measure, shared by figures and claims."""

import numpy as np
import pandas as pd

from infwidth.analysis.distances import arrays, relative_distance
from infwidth.analysis.statistics import Estimate, difference_of_means, student
from infwidth.analysis.table import NotTestableError, Table, Tables

#: The edge of stability: a net is at it while its train loss is between these parts of its first one.
EDGE_PHASE = (0.1, 0.8)
#: Eigenvalues that are compared.
LEADING = 10
#: How much of the loss's descent is done when the variance is looked at.
DESCENT = {"early": 0.1, "late": 1.0}
#: What streams are called: experiment and the metric that is its train loss, fresh images being as good as test images.
STREAMS = {"online": ("vision_online", "test_loss"), "offline": ("vision_offline", "train_loss")}


def edge_sharpness(table: Table) -> pd.DataFrame:
    """Return η·λ of every net of one learning rate, averaged over its edge phase: columns width, seed, value."""
    rows = table.nets("train_loss", "sharpness")
    whole = rows.pivot(index=["width", "seed", "step"], columns="metric", values="value").reset_index()
    first = whole.groupby(["width", "seed"]).train_loss.transform("first")
    low, high = EDGE_PHASE
    phase = whole[(whole.train_loss >= low * first) & (whole.train_loss <= high * first)]
    if phase.empty:
        raise NotTestableError("No net is in the edge phase at this scale.")
    return phase.groupby(["width", "seed"]).sharpness.mean().rename("value").reset_index()


def sharpening(table: Table) -> pd.DataFrame:
    """Return by how much λ of every net of one learning rate grew from first step to last: width, seed, value."""
    curves = table.nets("sharpness").sort_values("step").groupby(["width", "seed"]).value
    return (curves.last() / curves.first()).rename("value").reset_index()


def settled_sharpness(table: Table) -> pd.DataFrame:
    """Return η·λ of every net of one learning rate, averaged over the last third of the steps."""
    rows = table.nets("sharpness")
    late = rows[rows.step >= 2 / 3 * table.last_step()]
    return late.groupby(["width", "seed"]).value.mean().reset_index()


def deviations(tables: Tables) -> pd.DataFrame:
    """Return how far single nets are from the average of the widest, at equal train loss, by stream, width and seed.

    Widths are those that both streams have.

    ``value`` is |z − z̄|/|z̄|, z the followed logits of the right answers less their mean over classes, z̄ the average of
    the widest nets. Every width is looked at when its mean train loss is first below the level that all widths reach on
    both streams. Columns: stream, width, seed, value; the widest is left out.
    """
    curves = {
        stream: tables[name].nets(metric).groupby(["step", "width"]).value.mean().unstack()
        for stream, (name, metric) in STREAMS.items()
    }
    shared = sorted(set.intersection(*(set(curve.columns) for curve in curves.values())))
    curves = {stream: curve[shared] for stream, curve in curves.items()}
    level = float(np.max([curve.iloc[-1].max() for curve in curves.values()]))
    parts = []
    for stream, curve in curves.items():
        table = tables[STREAMS[stream][0]]
        of_width = {
            width: arrays(table.at(width=width), metric="correct_logit", step=int(curve.index[losses <= level][0]))
            for width, losses in curve.items()
        }
        average = np.mean(list(of_width.pop(shared[-1]).values()), axis=0)
        parts += [
            (stream, width, seed, relative_distance(logits, average))
            for nets in of_width.values()
            for (width, seed), logits in nets.items()
        ]
    return pd.DataFrame(parts, columns=["stream", "width", "seed", "value"])


def offline_less_online(tables: Tables) -> Estimate:
    """Return by how much the deviations are larger offline, the mean over widths; nets of all cells are independent."""
    found = deviations(tables)
    cells = found.groupby(["stream", "width"]).value
    count = found.width.nunique()
    means = cells.mean().unstack("stream")
    n = int(cells.size().min())
    value = float((means["offline"] - means["online"]).mean())
    if n < 2:
        return Estimate(value, float("-inf"), float("inf"), n)
    return student(value, np.sqrt((cells.var(ddof=1) / cells.size()).sum()) / count, n)


def leading_log_eigenvalues(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean log of the leading eigenvalues over the trace, by width and seed."""
    whole = rows.groupby(["width", "seed"]).value.transform("sum")
    logs = rows.assign(value=np.log(rows.value / whole))
    return logs[logs["index"] < LEADING].groupby(["width", "seed"]).value.mean().reset_index()


def eigenvalue_ratio(table: Table) -> Estimate:
    """Return the mean log ratio of the leading eigenvalues over the trace, widest to half its width.

    The value is that of the kernels averaged over seeds, the paper's object; the interval is that of two averages of as
    many single nets' numbers (Welch), around it.
    """
    end = table.at_end()
    widths = table.values("width")[-2:]
    if len(widths) < 2:
        raise NotTestableError("Fewer than two widths are run at this scale.")
    of_mean = leading_log_eigenvalues(end.ensemble("ntk_eigenvalue")).set_index("width").value
    single = leading_log_eigenvalues(end.nets("ntk_eigenvalue"))
    narrower, wider = (single[single.width == width].value.to_numpy() for width in widths)
    scatter, value = difference_of_means(wider, narrower), float(of_mean[widths[1]] - of_mean[widths[0]])
    return scatter.moved(value - scatter.value)


def power_within_leading(table: Table) -> pd.DataFrame:
    """Return the area under the task's cumulative power in the eigenvectors, over the log of their number, of each net.

    Columns width, seed, value; 1 would be all power in the first eigenvector.
    """
    rows = table.at_end().nets("ntk_task_power")
    points = rows["index"].max() + 1
    steps = np.append(np.diff(np.log(np.arange(1, points + 1))), 0.0)  # from one number of eigenvectors to the next
    weights = steps[rows["index"]] / np.log(points)
    return rows.assign(value=rows.value * weights).groupby(["width", "seed"]).value.sum().reset_index()
