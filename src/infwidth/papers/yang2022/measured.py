"""What the paper's experiments measure, shared by their figures and claims."""

from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.lr_optimum import drift
from infwidth.analysis.statistics import Estimate, jackknifed
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.yang2022.limits import FORMS, PRINTED
from infwidth.topics.lr_transfer.measures import stable_rates

#: What the train loss of a sweep of MLPs is called in its table.
LOSS = "epoch_loss"
Loss = Literal["cross_entropy", "mse"]


def form_differences(formulations: Table) -> pd.DataFrame:
    """Return the rms difference of outputs from those of Table 3's form, over their rms, at every step after the first.

    Columns optimizer, layer (the table), step, seed, value.
    """
    outputs = formulations.nets("output")
    outputs = outputs[outputs.step > 0]
    at = ["optimizer", "step", "seed", "index"]
    pairs = outputs.merge(outputs.loc[outputs.layer == "table_3", [*at, "value"]], on=at, suffixes=("", "_3"))
    pairs = pairs[pairs.layer != "table_3"]
    squares = pairs.assign(difference=(pairs.value - pairs.value_3) ** 2, size=pairs.value_3**2)
    sums = squares.groupby(["optimizer", "layer", "step", "seed"])[["difference", "size"]].sum()
    return sums.assign(value=np.sqrt(sums.difference / sums["size"]))["value"].reset_index()


def differing_exponents(formulations: Table) -> pd.DataFrame:
    """Return whether (1 or 0) a printed exponent differs from the derived one.

    Columns optimizer, layer (the table), letter (a, b or c), index (input, hidden, output), value.
    """
    derived = formulations.at(layer=FORMS).limit("a", "b", "c")
    differs = [
        float(Fraction(value) != getattr(PRINTED[table].abc(optimizer, 2), letter)[role])
        for optimizer, table, letter, role, value in zip(
            derived.optimizer, derived.layer, derived.metric, derived["index"], derived.value, strict=True
        )
    ]
    named = derived.rename(columns={"metric": "letter"}).assign(value=differs)
    return named[["optimizer", "layer", "letter", "index", "value"]]


def transfers_worse(squashing: Table, relu: Table, *, loss: Loss) -> Estimate:
    """Return by how much more the best rate moves per doubling, up or down, than that of ReLU nets of these widths.

    With the jackknife's interval; raises NotTestableError of fewer than three seeds.
    """
    relu = relu.at(width=squashing.values("width"))

    def moved(table: Table, chance: float, seeds: list[int]) -> float:
        return abs(drift(table.at(seed=seeds), metric=LOSS, chance=chance, allow_edges=True).value)

    def more(seeds: list[int]) -> float:
        return moved(squashing, TEN_CLASSES[loss], seeds) - moved(relu, TEN_CLASSES["cross_entropy"], seeds)

    seeds = [seed for seed in squashing.seeds() if seed in relu.seeds()]
    if len(seeds) < 3:
        raise NotTestableError(f"A jackknife over seeds needs three or more, there are {len(seeds)}.")
    without = (more([seed for seed in seeds if seed != left]) for left in seeds)
    return jackknifed(more(seeds), without, len(seeds))


def as_simulated(simulated: Table) -> Table:
    """Return narrow nets as nets of the width that they simulate, their base width."""
    return Table(simulated.frame.assign(width=simulated.frame.base_width), simulated.name)


def against_real(simulated: Table, real: Table) -> pd.DataFrame:
    """Return log₂ of the largest stable rate of nets of simulated width over that of real ones: width, seed, value.

    The narrow net is that of the smallest base width, its own; at widths of four times that and more SP has moved its
    instability by octaves.
    """
    narrow = simulated.values("base_width")[0]
    wide = [width for width in real.values("width") if width >= 4 * narrow]
    if not wide:
        raise NotTestableError(f"No net is four times as wide as that of width {narrow} which simulates.")
    how: dict[str, Any] = {"metric": LOSS, "chance": TEN_CLASSES["cross_entropy"]}
    ours, theirs = stable_rates(as_simulated(simulated).at(width=wide), **how), stable_rates(real.at(width=wide), **how)
    pairs = ours.merge(theirs, on=["width", "seed"], suffixes=("", "_real"))
    return pairs.assign(value=pairs.value - pairs.value_real)[["width", "seed", "value"]]


def against_narrow(simulated: Table, real: Table) -> pd.DataFrame:
    """Return the same of narrow nets that simulate none, those whose base width is their own."""
    narrow = simulated.values("base_width")[0]
    own = simulated.at(base_width=narrow)
    widths = [width for width in real.values("width") if width >= 4 * narrow]
    copies = [own.frame.assign(base_width=width) for width in widths]
    return against_real(Table(pd.concat(copies), simulated.name) if copies else own, real)
