"""What the tutorial's experiments measure, shared by their figures and claims."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.table import NotTestableError, Table

#: Tolerance of a measured exponent, of the reading notes: small against 1/4, the distance of the richnesses compared.
TOLERANCE = 0.12

#: Layers of the tutorial's net by what the solver calls them.
LAYERS = {"W1": "read-in", "W2": "hidden", "W3": "readout"}

#: The five points that have a name in the literature: (richness, gauge). At richness 0 two gauges meet in NTP.
VERTICES = {
    "NTP-lr": ("0", "stp"),
    "NTP": ("0", "mup_gauge"),
    "μP-lr": ("1/2", "stp"),
    "μP": ("1/2", "mup_gauge"),
    "MFP": ("1/2", "rescaling_gauge"),
}

#: The width of output_rescaling: n^(1/4) and n^(1/2) are whole numbers.
RESCALED_WIDTH = 256

_NET = ["richness", "width", "seed"]  # what tells the nets of a sweep over richness and width apart

GAUGE_NAMES = {"stp": "STP gauge", "mup_gauge": "μP gauge", "rescaling_gauge": "rescaling gauge"}

#: Mean squared error against one-hot labels of the constant 1/10: of a net that says nothing.
CHANCE = TEN_CLASSES["mse"]

#: The ends of the scale and its middle, where claims measure exponents.
RICHNESSES = ("0", "1/4", "1/2")

RICHNESS_NAMES = {"0": "r = 0 (NTK)", "1/4": "r = 1/4", "1/2": "r = 1/2 (μP)"}


@dataclass(frozen=True)
class Panel:
    """One measured quantity of the one-step experiment."""

    metric: str
    layer: str
    step: int
    title: str
    label: str


PANELS = (
    Panel("relative_change", "h2", 1, "representation update", "‖Δh₂‖ / ‖h₂‖ after one step"),
    Panel("output_scale", "", 0, "initial output", "rms of f at initialization"),
    Panel("gradient_norm", "h2", 0, "initial gradient", "rms of ‖∂ℓ/∂h₂‖ at initialization"),
)


def at_panel(table: Table, panel: Panel) -> pd.DataFrame:
    """Return the rows of a panel's quantity."""
    return table.at(layer=panel.layer, step=panel.step).nets(panel.metric)


def exponent_table(family: Table) -> pd.DataFrame:
    """Return the family as one row a gauge and layer, with columns g_exponent, g_slope, sigma_…, eta_…."""
    return family.frame.pivot_table(index=["gauge", "layer"], columns="metric", values="value")


def at_richness(exponents: pd.DataFrame, gauge: str, richness: float) -> pd.DataFrame:
    """Return g, sigma, eta (columns) of every layer (rows) at one point of the family."""
    rows = exponents.loc[gauge]
    return pd.DataFrame({n: rows[f"{n}_exponent"] + richness * rows[f"{n}_slope"] for n in ("g", "sigma", "eta")})


def losses_of_both_ends(table: Table) -> pd.DataFrame:
    """Return the final test loss of lazy and rich nets (columns "0" and "1/2"), a row a seed, averaged over gauges."""
    by_richness = table.at_end().nets("test_loss").pivot_table(index="seed", columns="richness", values="value")
    if not {"0", "1/2"} <= set(by_richness):
        raise NotTestableError("Only one end of the scale is run at this scale.")
    return by_richness


def lazy_over_rich(table: Table) -> np.ndarray:
    """Return the log of the final test loss at r = 0 over that at r = 1/2, paired over seeds."""
    losses = losses_of_both_ends(table)
    return np.log(losses["0"].to_numpy() / losses["1/2"].to_numpy())


def gradient_growth(few_steps: Table) -> pd.DataFrame:
    """Return for every net the largest gradient ‖∂ℓ/∂h₂‖ after a step, in units of the initial one."""
    return _relative_to_start(few_steps.at(layer="h2").nets("gradient_norm"))


def loss_growth(few_steps: Table) -> pd.DataFrame:
    """Return for every net the largest test loss after a step in units of the initial one, infinite if it diverged."""
    return _with_divergence(_relative_to_start(few_steps.nets("test_loss")), few_steps)


def largest_loss(few_steps: Table) -> pd.DataFrame:
    """Return for every net its largest test loss, the initial one included, infinite if it diverged."""
    largest = few_steps.nets("test_loss").groupby(_NET).value.max().reset_index()
    return _with_divergence(largest, few_steps)


def _relative_to_start(rows: pd.DataFrame) -> pd.DataFrame:
    later = rows[rows.step > 0].groupby(_NET).value.max()
    start = rows[rows.step == 0].set_index(_NET).value
    # A net that diverged before the first measurement has no later row; missing is kept, not dropped.
    return (later.reindex(start.index) / start).reset_index()


def _with_divergence(of_nets: pd.DataFrame, few_steps: Table) -> pd.DataFrame:
    diverged = few_steps.diverged().set_index(_NET).index
    return of_nets.assign(value=of_nets.value.mask(of_nets.set_index(_NET).index.isin(diverged), np.inf))


def largest_difference(curves: Table, groups: list[str], *, until: int | None = None) -> pd.DataFrame:
    """Return the largest relative difference of losses between gauges, for each of ``groups`` and step.

    Taken over seeds, train and test loss, and all pairs of gauges, up to step ``until``. A difference is relative to
    the loss itself.
    """
    losses = curves.nets("train_loss", "test_loss")
    if until is not None:
        losses = losses[losses.step <= until]
    among = losses.groupby([*groups, "step", "metric", "seed"]).value
    spread = (among.max() - among.min()) / among.mean()
    return spread.groupby([*groups, "step"]).max().reset_index()


def rescaled_against_rich(output_rescaling: Table, one_step: Table) -> pd.DataFrame:
    """Pair each net of output scale γ = n^r with the net of richness r > 0 at its width: their representation updates.

    Returns columns seed, richness, gamma0, rescaled, rich.
    """
    update = PANELS[0]
    rich = at_panel(one_step.at(width=RESCALED_WIDTH), update)
    rich = rich[rich.richness != "0"]
    gamma = RESCALED_WIDTH ** rich.richness.map(lambda r: float(Fraction(r)))
    rich = rich.assign(gamma0=gamma.astype(float)).rename(columns={"value": "rich"})
    rescaled = at_panel(output_rescaling, update).rename(columns={"value": "rescaled"})
    return rich.merge(rescaled[["seed", "gamma0", "rescaled"]], on=["seed", "gamma0"])[
        ["seed", "richness", "gamma0", "rescaled", "rich"]
    ]


def rescaled_limit(one_step_limit: Table, gamma: np.ndarray, *, centred: bool = False) -> np.ndarray:
    """Return the exact update of the nets of output scale γ ≪ √n, from the limits at r = 0 and 0 < r < 1/2.

    ``centred``: of nets whose initial output is subtracted, γ A/√n.

    The residual that drives the step is label minus initial output; its second moments add, and the output's part falls
    as γ^−2: the update squared is (γ² A² + B² − A²)/n with prefactors A without and B with the initial output.
    """
    prefactor = one_step_limit.at(layer="h2").limit("relative_change_prefactor").set_index("richness").value
    without, with_output = prefactor["1/4"], prefactor["1/4" if centred else "0"]
    return np.sqrt((gamma**2 * without**2 + with_output**2 - without**2) / RESCALED_WIDTH)


@dataclass(frozen=True)
class Desideratum:
    """What one desideratum asks to be of order one: a metric of the first step, in words."""

    title: str
    of: str
    says: str
    metric: str
    layer: str

    def rows(self, first_step: Table) -> pd.DataFrame:
        """Return its rows of single nets."""
        return first_step.at(layer=self.layer).nets(self.metric)


DESIDERATA = (
    Desideratum(
        "(0) representations",
        "the size of the last representation at initialisation",
        "Hidden representations are of order one (desideratum 0)",
        "initial_size",
        "h2",
    ),
    Desideratum(
        "(1) loss",
        "the share of the loss that one step takes off",
        "One step changes the loss by a share that does not depend on the width (desideratum 1)",
        "loss_decrease",
        "",
    ),
    Desideratum(
        "(2) useful updates",
        "the share of the loss that the update of the last representation takes off",
        "Every representation's update contributes to optimizing the loss (desideratum 2)",
        "useful_update",
        "h2",
    ),
    Desideratum(
        "(3) maximality",
        "the part of the layer's own weights in the update of the last representation",
        "A layer's own weights contribute non-negligibly to the following update (desideratum 3)",
        "layer_part",
        "h2",
    ),
)
