"""Deep linear nets and their mean field theory: losses over depths, displacement, kernels of layers and over time."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.distances import alignment
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2022.measured import displacements, layers_of, limit_of
from infwidth.papers.bordelon2022.panels import MapRow, classes_apart, loss_axis, losses, map_grid, of_nets
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, depth_colours


def fig2(tables: Tables) -> Figure:
    """Losses and displacement over depths at the left; maps of the deepest nets at the right."""
    nets, theory = tables["linear_networks"], tables["linear_theory"]
    depths = nets.values("n_hidden")
    figure = plt.figure(figsize=(FULL, 4.6))
    ((left, right),) = figure.subfigures(1, 2, width_ratios=(1, 2.2), squeeze=False)
    upper, lower = left.subplots(2, 1)
    colours = depth_colours(depths)
    for depth, colour in colours.items():
        losses(upper, nets.at(n_hidden=depth), theory.at(n_hidden=depth), colour)
    loss_axis(upper, nets.last_step())
    points(lower, displacements(nets), x="n_hidden", linestyle="", colours=colours)
    exact = theory.limit("displacement").groupby("n_hidden").value.mean()
    lower.plot(exact.index, exact, **LIMIT, zorder=1)
    width_axis(lower, depths, "hidden layers L")
    lower.set_ylabel("displacement of kernels")
    lower.set_ylim(0, None)

    nets, theory = nets.at(n_hidden=max), theory.at(n_hidden=max)
    layers = layers_of(nets)
    rows: dict[str, MapRow] = {}
    for name, metric in (("H", "kernel"), ("G(t, s)", "gradient_in_time")):
        network, limit = (
            {layer: matrix(table, metric, layer) for layer in layers}
            for matrix, table in ((of_nets, nets), (limit_of, theory))
        )
        corners = {layer: f"{alignment(network[layer], limit[layer]):.3f}" for layer in layers}
        if metric == "kernel":
            network, limit = classes_apart(network), classes_apart(limit)
        rows[f"nets, {name}"] = (network, {})
        rows[f"DMFT, {name}"] = (limit, corners)
    rows["DMFT, H(t, s)"] = ({layer: limit_of(theory, "kernel_in_time", layer) for layer in layers}, {})
    panels = right.subplots(len(rows), len(layers), squeeze=False)
    map_grid(panels, rows, scale={name: name.replace("nets", "DMFT") for name in rows})
    for axes, layer in zip(panels[0], layers, strict=True):
        axes.set_title(f"layer {layer[1:]}", fontsize=8.5)
    legends.below(figure, [*legends.depths(depths), legends.limit("DMFT")])
    return figure
