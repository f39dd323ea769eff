"""Deep linear nets: variances of kernels by layer, and of the tangent kernel over its square."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023.measured import relative_kernel_variance
from infwidth.papers.bordelon2023.panels import beside, richness_legend
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, depth_colours, richness_colours


def deep_linear(tables: Tables) -> Figure:
    """N Var H^l at the least and the largest richness, and N Var K/K²."""
    table = tables["deep_linear_variance"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.0))
    layers = [name for name in table.values("layer") if name.startswith("feature")]
    colours = dict(zip(layers, depth_colours([4**place for place in range(1, len(layers) + 1)]).values(), strict=True))
    for axes, which in ((left, min), (middle, max)):
        of = table.at(gamma0=which)
        for layer, colour in colours.items():
            of_layer = of.at(layer=layer)
            beside(axes, of_layer.limit("fluctuation"), of_layer.nets("fluctuation"), colour)
        log_heights(axes)
        axes.set(title=f"N Var H, γ0 = {of.values('gamma0')[0]:g}", xlabel="time t")
    relative = relative_kernel_variance(table)
    for gamma0, colour in richness_colours(table.values("gamma0")).items():
        of_nets, of_limit = (rows[rows.gamma0 == gamma0] for rows in relative)
        beside(right, of_limit, of_nets, colour)
    log_heights(right)
    right.set(title="N Var K / K²", xlabel="time t")
    names = [
        legends.line(f"layer {layer.removeprefix('feature')}", color=colour, marker="o")
        for layer, colour in colours.items()
    ]
    legends.below(figure, [*names, *richness_legend(table.values("gamma0")), legends.limit("theory")], ncols=8)
    return figure
