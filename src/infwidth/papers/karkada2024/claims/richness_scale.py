"""The window of stable richness: what explodes outside of it, and nothing inside."""

import math

import pandas as pd

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, exact, exponent
from infwidth.papers.karkada2024.measured import RICHNESSES, TOLERANCE, gradient_growth, loss_growth, nets


def _output_exponent(tables: Tables) -> Estimate:
    scale = nets(tables["few_steps"], "output_scale")
    return exponent(_of(scale[scale.step == 0], "-1/4"))


def _gradient_exponent(tables: Tables, richness: str) -> Estimate:
    return exponent(_of(gradient_growth(tables["few_steps"]), richness))


def _worst_inside(tables: Tables) -> Estimate:
    growth = loss_growth(tables["few_steps"])
    inside = growth[growth.richness.isin(RICHNESSES)]
    return exact(inside.value.max(), inside.seed.nunique())


def _mildest_outside(tables: Tables) -> Estimate:
    growth = _of(loss_growth(tables["few_steps"]), "3/4")
    widest = growth[growth.width == growth.width.max()].value
    return exact(widest.min(), len(widest))


def _of(rows: pd.DataFrame, richness: str) -> pd.DataFrame:
    chosen = rows[rows.richness == richness]
    if chosen.empty:
        raise NotTestableError(f"Richness {richness} is not run at this scale.")
    return chosen


def _bounded(richness: str) -> Claim:
    return Claim(
        figure="richness_scale",
        name=f"gradient_growth_exponent_r_{richness.replace('/', '_')}",
        statement=f"Inside the window gradients stay bounded in training; here r = {richness}.",
        expected=f"exponent in n of the largest gradient after a step over the first = 0 ± {TOLERANCE}",
        accept=(-TOLERANCE, TOLERANCE),
        measure=lambda tables: _gradient_exponent(tables, richness),
    )


CLAIMS = (
    Claim(
        figure="richness_scale",
        name="output_explodes_below",
        statement="Below r = 0 outputs explode at initialization, as n^(−r); here r = −1/4.",
        expected=f"exponent in n = 0.25 ± {TOLERANCE}",
        accept=(0.25 - TOLERANCE, 0.25 + TOLERANCE),
        measure=_output_exponent,
    ),
    *(_bounded(richness) for richness in RICHNESSES),
    Claim(
        figure="richness_scale",
        name="gradient_explodes_above",
        statement="Above r = 1/2 gradients explode in training; here r = 3/4.",
        expected=f"exponent in n of the largest gradient after a step over the first > {TOLERANCE}",
        accept=(TOLERANCE, math.inf),
        measure=lambda tables: _gradient_exponent(tables, "3/4"),
        note="To leading order in n the first step alone gives r − 1/2 = 1/4, and each further step grows faster.",
    ),
    Claim(
        figure="richness_scale",
        name="loss_falls_inside",
        statement="Inside the window the loss falls at every width.",
        expected="largest over all nets of (largest test loss after a step / initial test loss) < 1",
        accept=(0.0, 1.0),
        measure=_worst_inside,
        note="A statement on every net, so the interval is the number itself.",
    ),
    Claim(
        figure="richness_scale",
        name="loss_rises_above",
        statement="Above r = 1/2 wide nets cannot be trained at a rate that serves inside the window; here r = 3/4.",
        expected="smallest over nets of the largest width of (largest test loss after a step / initial test loss) > 1",
        accept=(1.0, math.inf),
        measure=_mildest_outside,
        note="A statement on every net of the largest width, so the interval is the number itself.",
    ),
)
