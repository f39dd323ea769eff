"""Final risk against the separation of two Gaussians, beside what is best, and the way there."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.mei2018.measured import final_risks
from infwidth.plotting import legends
from infwidth.plotting.lines import curve, points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LIMIT, ordered_colours


def delta(tables: Tables) -> Figure:
    """Final risks (left), and risks in time (right), by Δ."""
    table = tables["separations"].at(width=max)
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.9))
    final = final_risks(table)
    of_limits = final.groupby("separation")[["limit_risk", "least_risk", "one_radius_risk"]].first()
    left.plot(of_limits.index, of_limits.limit_risk, **LIMIT)
    left.plot(of_limits.index, of_limits.least_risk, **GUIDE)
    left.plot(of_limits.index, of_limits.one_radius_risk, **{**GUIDE, "linestyle": DASHED})
    points(left, final, x="separation", linestyle="")
    left.set(xlabel="separation Δ", ylabel="final risk", ylim=(0, None))
    colours = ordered_colours(table.values("separation"))
    for separation, colour in colours.items():
        here = table.at(separation=separation)
        rows, limit = here.nets("risk"), here.limit("limit_risk").sort_values("step")
        curve(right, rows.assign(time=rows.step * rows.lr), x="time", color=colour)
        right.plot(limit.step * limit.lr, limit.value, **LIMIT | {"linewidth": 0.8})
    right.set(xlabel="time t", ylabel="risk", ylim=(0, None))
    legends.inside(
        right, [legends.line(f"Δ = {s:g}", color=c) for s, c in colours.items()], "upper right", fontsize=7, ncols=2
    )
    marks = [legends.line(f"SGD, N = {table.values('width')[0]}", marker="o", linestyle=""), legends.limit("N = ∞")]
    legends.below(figure, [*marks, legends.guide("least risk"), legends.guide("least with one norm", linestyle=DASHED)])
    return figure
