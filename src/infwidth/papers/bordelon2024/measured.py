"""What figures and claims share."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.bordelon2024.limits import exponents

#: Widths from which on the variance early is 1/N: theory's exponent is within 0.02 of it.
_LAW_FROM = 64


def early_variance(table: Table) -> pd.DataFrame:
    """Return for every seed the variance over nets at t = 1: twice what the mean of two outputs lowers the loss by."""
    keys = ["power_exponent", "width", "seed"]
    single, mean = (table.at(step=1).nets(metric).set_index(keys).value for metric in ("test", "ensemble"))
    return (2 * (single - mean)).reset_index()


def near_its_law(early: pd.DataFrame) -> pd.DataFrame:
    """Return the variance early of the widths at which it is 1/N."""
    return early[early.width >= _LAW_FROM]


def final_losses(tables: Tables, power: float) -> pd.DataFrame:
    """Return final losses with the ``power_exponent`` of widths far below the number of modes.

    Of ``ends``, many pairs of nets, or where it has no such task, whose slow power law needs more modes, of
    ``by_width``: a quarter of the widest and less.
    """
    if power in tables["ends"].values("power_exponent"):
        return tables["ends"].at(power_exponent=power).at_end().nets("test")
    table = tables["by_width"].at(power_exponent=power)
    widths = table.values("width")
    return table.at(width=[width for width in widths if width <= max(widths) / 4]).at_end().nets("test")


def envelope_slope(table: Table, what: str) -> float:
    """Return the exponent in compute of the envelope's ``loss``, ``width`` or ``time``, in its upper half."""
    compute, values = (table.limit(metric).sort_values("index").value.to_numpy() for metric in ("compute", what))
    half = len(compute) // 2
    return float(np.polyfit(np.log(compute[half:]), np.log(values[half:]), 1)[0])


def closed_form(table: Table, what: str) -> float:
    """Return the closed form's exponent of the same."""
    b, a = (table.values(name)[0] for name in ("spectrum_exponent", "power_exponent"))
    return exponents(b, a)[f"best_{what}"]


class Net(NamedTuple):
    """What one linearized net on images says, between ranks P/100 and P/10 and at the times when these are learned.

    ``spectrum`` b and ``power`` a − 1 are exponents of the eigenvalues and of the residual power, ``naive`` that of
    the power on the images that the eigenfunctions are of; ``bends`` are the rms deviations of the two logs from their
    lines, over how far these fall; ``time`` is the exponent of the test loss, ``stop`` the last of these times.
    """

    spectrum: float
    power: float
    naive: float
    spectrum_bend: float
    power_bend: float
    time: float
    stop: float

    @property
    def predicted(self) -> float:
        """The solvable model's exponent of the loss in time."""
        return exponents(self.spectrum, 1 + self.power)["time"]


def nets_on_images(table: Table) -> pd.DataFrame:
    """Return :class:`Net` of every net, with ``predicted``, by ``width`` and ``seed``.

    Raises NotTestableError for fewer than three ranks between, and for numbers there that are not positive.
    """
    spectra = dict(list(table.nets("eigenvalue", "residual_power", "residual_power_train").groupby(["width", "seed"])))
    losses = dict(list(table.nets("test").groupby(["width", "seed"])))
    found = {at: _of_one(spectrum, losses[at]) for at, spectrum in spectra.items()}
    frame = pd.DataFrame(found.values(), index=pd.MultiIndex.from_tuples(found, names=["width", "seed"]))
    return frame.assign(predicted=[net.predicted for net in found.values()]).reset_index()


def _of_one(spectrum: pd.DataFrame, loss: pd.DataFrame) -> Net:
    by_rank = spectrum.pivot(index="index", columns="metric", values="value")
    window = by_rank[(by_rank.index >= by_rank.index.max() / 100) & (by_rank.index <= by_rank.index.max() / 10)]
    if len(window) < 3:
        raise NotTestableError(f"A power law needs three ranks between P/100 and P/10, there are {len(window)}.")
    loss = loss.sort_values("step")
    if not ((window > 0).all(axis=None) and (loss.value > 0).all()):
        raise NotTestableError(
            "A power law is of positive numbers, and a net has eigenvalues, power or losses of none."
        )
    k = np.log(window.index.to_numpy(float))
    lines = {metric: _line(k, np.log(window[metric].to_numpy())) for metric in window}
    start, stop = 0.5 / window.eigenvalue.iloc[[0, -1]]
    times = np.geomspace(start, stop, 9)
    late = np.interp(np.log(times), np.log(loss.step), np.log(loss.value))
    return Net(
        -lines["eigenvalue"][0],
        -lines["residual_power"][0],
        -lines["residual_power_train"][0],
        lines["eigenvalue"][1],
        lines["residual_power"][1],
        _line(np.log(times), late)[0],
        stop,
    )


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the slope of y on x, and the rms deviation from the line over how far it falls."""
    slope, start = np.polyfit(x, y, 1)
    return float(slope), float(np.sqrt(np.mean((y - start - slope * x) ** 2)) / abs(slope * np.ptp(x)))


def late_losses(table: Table) -> pd.DataFrame:
    """Return test losses of all nets at the time nearest to that when the widest have learned P/10 modes."""
    nets = nets_on_images(table)
    stop = np.log(nets.stop[nets.width == nets.width.max()]).mean()
    step = min(table.nets("test").step.unique().tolist(), key=lambda step: abs(np.log(step) - stop))
    return table.at(step=step).nets("test")
