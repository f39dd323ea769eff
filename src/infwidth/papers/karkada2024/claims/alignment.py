"""Weights align at any richness, gradients keep their exponent, and the scale of the output is the richness."""

from collections.abc import Callable
from fractions import Fraction

import pandas as pd

from infwidth.analysis.claims import Claim, NotTestableError, Tables
from infwidth.analysis.statistics import Estimate, exact, exponent
from infwidth.papers.karkada2024.measured import RICHNESSES, TOLERANCE, nets, rescaled_against_rich, rescaled_limit


def _readout(tables: Tables, metric: str, richness: str) -> Estimate:
    rows = nets(tables["few_steps"], metric, "readout")
    return exponent(_present(rows[(rows.step == 1) & (rows.richness == richness)]))


def _last_gradient(tables: Tables, richness: str) -> Estimate:
    rows = nets(tables["few_steps"], "gradient_norm", "h2")
    return exponent(_present(rows[(rows.step == rows.step.max()) & (rows.richness == richness)]))


def _in_gamma(tables: Tables, metric: str, layer: str, step: int) -> Estimate:
    rows = nets(tables["output_rescaling"], metric, layer)
    # From γ = 2 on the initial output, 1/γ of that at γ = 1, hardly counts in the residual that drives the step.
    return exponent(_present(rows[(rows.step == step) & (rows.gamma0 >= 2)]), x="gamma0")


def _against_limit(tables: Tables) -> Estimate:
    rows = nets(tables["output_rescaling"], "relative_change", "h2")
    rows = _present(rows[(rows.step == 1) & (rows.gamma0 >= 2)])
    limit = rescaled_limit(tables["one_step_limit"], rows.gamma0.to_numpy())
    return exponent(rows.assign(value=rows.value / limit), x="gamma0")


def _rescaled_is_rich(tables: Tables) -> Estimate:
    pairs = _present(rescaled_against_rich(tables["output_rescaling"], tables["one_step"]))
    difference = float((pairs.rescaled / pairs.rich - 1).abs().max())
    return exact(difference, pairs.seed.nunique())


def _present(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        raise NotTestableError("Not run at this scale.")
    return rows


def _exponent_claim(
    name: str, statement: str, target: float, measure: Callable[[Tables], Estimate], variable: str = "n", note: str = ""
) -> Claim:
    return Claim(
        figure="alignment",
        name=name,
        statement=statement,
        expected=f"exponent in {variable} = {target:g} ± {TOLERANCE}",
        accept=(target - TOLERANCE, target + TOLERANCE),
        measure=measure,
        note=note,
    )


CLAIMS = (
    *(
        _exponent_claim(
            f"readout_alignment_exponent_r_{r.replace('/', '_')}",
            f"The change of the representation is aligned with the readout at any width; here r = {r}, one step.",
            0.0,
            lambda tables, r=r: _readout(tables, "alignment", r),  # type: ignore[misc]
        )
        for r in RICHNESSES
    ),
    _exponent_claim(
        "random_alignment_exponent",
        "A random change is not aligned: the readout of k rows passes on √(k/n) of it.",
        -0.5,
        lambda tables: _readout(tables, "alignment_random", "0"),
    ),
    *(
        _exponent_claim(
            f"last_gradient_exponent_r_{r.replace('/', '_')}",
            f"Gradients keep their initial exponent −r while training; here r = {r}, after the last step.",
            0.0 - float(Fraction(r)),
            lambda tables, r=r: _last_gradient(tables, r),  # type: ignore[misc]
        )
        for r in RICHNESSES
    ),
    _exponent_claim(
        "update_exponent_in_output_scale",
        "At one width, dividing the output by γ (rates times γ²) multiplies the representation update by γ.",
        1.0,
        lambda tables: _in_gamma(tables, "relative_change", "h2", 1),
        "γ",
        "Fails as stated. The threshold took the initial output to be negligible in the residual from γ = 2 on. It is "
        "nearly equal for all images and moves h more than its size says: in the exact limit it has 7 times the share "
        "of the labels at γ = 1, and the exponent over these γ is 0.77.",
    ),
    _exponent_claim(
        "update_against_exact_limit",
        "With the initial output counted, the update follows the exact limit in γ.",
        0.0,
        _against_limit,
        "γ of update / exact limit",
        "Added after the claim above failed, to test its explanation.",
    ),
    _exponent_claim(
        "output_exponent_in_output_scale",
        "At one width, dividing the output by γ divides the initial output by γ.",
        -1.0,
        lambda tables: _in_gamma(tables, "output_scale", "", 0),
        "γ",
    ),
    Claim(
        figure="alignment",
        name="output_scale_is_richness",
        statement="Output rescaling by γ = n^r at richness 0 is the net of richness r at that width.",
        expected="largest relative difference of updates, over seeds and r = 1/4, 1/2, ≤ 0.0001",
        accept=(0.0, 1e-4),
        measure=_rescaled_is_rich,
        note="The same initial draws in single precision; the interval is the number itself.",
    ),
)
