"""Claims on losses in width and data; tolerances fixed before running."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, at_most, below
from infwidth.analysis.joint_scaling import Array, JointLaw, laws_of
from infwidth.analysis.quantities import Estimated, Mean, PerDoubling
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Tables
from infwidth.papers.kaplan2020.measured import losses

#: Of log losses from the fitted law, and of the exponent in the width.
OFF, RATE = 0.1, 0.35


def _on_most_data(tables: Tables) -> pd.DataFrame:
    """Return log losses of μP on the largest data set."""
    rows = losses(tables["widths"], "mup")
    rows = rows[rows.examples == rows.examples.max()]
    return rows.assign(value=np.log(rows.value))


def _off(tables: Tables) -> Estimate:
    laws = laws_of(losses(tables["widths"], "mup"))

    def rms(law: JointLaw, means: Array) -> float:
        return float(np.sqrt((np.log(law.loss(laws.width, laws.examples) / means) ** 2).mean()))

    return laws.estimate(rms)


def _width_exponent(tables: Tables) -> Estimate:
    return laws_of(losses(tables["widths"], "mup")).estimate(lambda law, _: law.width_exponent)


def _mup_over_ntk(tables: Tables) -> pd.Series:
    """Return for every seed log loss of μP less that of NTK at the largest width, mean over data sets."""
    mup, ntk = (
        np.log(rows[rows.width == rows.width.max()].set_index(["seed", "examples"]).value)
        for rows in (losses(tables["widths"], rule) for rule in ("mup", "ntk"))
    )
    return (mup - ntk).groupby("seed").mean()


CLAIMS = (
    Claim(
        "wider_is_better",
        "width_law",
        says="In the maximal update parametrization wider nets on the same data have the lower loss.",
        measured=PerDoubling("log test loss on the largest data set", _on_most_data),
        expected=below(0),
    ),
    Claim(
        "joint_form",
        "width_law",
        says="Losses in width and data are those of one law E + A/N^a + B/D^b.",
        measured=Estimated("rms of log test loss from the fitted law, μP,", _off),
        expected=at_most(OFF),
    ),
    Claim(
        "width_exponent",
        "width_law",
        says="What a finite width adds to the loss falls as 1/N, the variance of N units.",
        measured=Estimated("exponent a of the joint fit, μP,", _width_exponent),
        expected=about(1, within=RATE),
        note="Theory of large widths; the narrowest nets here have four units.",
    ),
    Claim(
        "mup_is_better",
        "width_law",
        says="Wide nets that learn features have the lower loss on the same data than wide nets that do not.",
        measured=Mean("log test loss of μP less that of NTK at the largest width, mean over D,", _mup_over_ntk),
        expected=below(0),
    ),
)
