"""Claims on ensembles of CNNs on images."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below
from infwidth.analysis.quantities import Estimated, Exponent
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Tables
from infwidth.papers.bordelon2023.measured_cnn import (
    early,
    gap_at,
    late,
    over_members,
    rates,
    slope,
    spread,
    test_losses,
    train_losses,
)


def _cnn(statistic: Callable[[pd.DataFrame], float]) -> Callable[[Tables], Estimate]:
    """Return what measures a statistic of the train losses of CNNs."""
    return lambda tables: over_members(statistic, train_losses(tables["cnn_ensembles"]))


def _gap_grows(of: pd.DataFrame) -> float:
    if late(of) >= early(of):
        raise NotTestableError("Not all nets are trained beyond what counts as early.")
    return float(np.log(gap_at(of, late(of)) / gap_at(of, early(of))).mean())


def _width_or_ensemble(of: pd.DataFrame) -> float:
    """Return log of the loss at the end of ensembles of the narrowest over that of the widest nets, mean over γ0."""
    end = of.groupby(["gamma0", "width"]).last()
    narrow, wide = (pick(end.index.get_level_values("width")) for pick in (min, max))
    if narrow == wide:
        raise NotTestableError("A comparison of widths needs two, there is one.")
    return float(np.log(end.ensemble.xs(narrow, level="width") / end.single.xs(wide, level="width")).mean())


def _collapse(tables: Tables) -> Estimate:
    def statistic(train: pd.DataFrame, test: pd.DataFrame) -> float:
        pace = rates(train, "single")
        if pace.index.get_level_values("width").nunique() < 2:
            raise NotTestableError("A collapse of curves needs two widths, there is one.")
        return float(np.log(spread(test, pace) / spread(test, pace * 0 + 1)))

    table = tables["cnn_ensembles"]
    return over_members(statistic, train_losses(table), test_losses(table))


def _alignment(tables: Tables) -> pd.DataFrame:
    rows = tables["cnn_ensembles"].at_end().nets("label_alignment")
    return rows.groupby(["gamma0", "seed"]).value.mean().reset_index()


CLAIMS = (
    Claim(
        "cnn_gap_early",
        "cnn_ensembles",
        says="Early in training the loss of single CNNs is above that of their ensemble by 1/N.",
        measured=Estimated(
            "exponent in the width of (single/infinite ensemble − 1) of train loss, where the latter is 3/4 of the "
            "initial loss, mean over γ0",
            _cnn(lambda of: slope(gap_at(of, early(of)), "width")),
        ),
        expected=about(-1, within=0.25),
        note="The exponent is from theory.",
    ),
    Claim(
        "cnn_gap_in_width",
        "cnn_ensembles",
        says="At equal train loss ensembling CNNs gains the less, the wider they are.",
        measured=Estimated(
            "exponent in the width of the same, at the least loss that all ensembles reach",
            _cnn(lambda of: slope(gap_at(of, late(of)), "width")),
        ),
        expected=below(0),
        note="The paper's ratios at equal rescaled time, 1.12 at N = 32 and 1.07 at N = 256, read off its figure, "
        "are an exponent of −0.26; its nets are trained farther.",
    ),
    Claim(
        "cnn_gap_in_richness",
        "cnn_ensembles",
        says="At equal train loss ensembling CNNs gains the less, the richer they learn.",
        measured=Estimated(
            "exponent in γ of the same, mean over widths",
            _cnn(lambda of: slope(gap_at(of, late(of)), "gamma0")),
        ),
        expected=below(0),
        note="The paper compares at the end of training, when nets of different γ have come to different losses. Trial "
        "runs of one width on fewer images had shown the sign.",
    ),
    Claim(
        "cnn_gap_grows",
        "cnn_ensembles",
        says="In training, single CNNs fall behind their ensemble ever more.",
        measured=Estimated("log of the gap late over that early, mean over widths and γ0", _cnn(_gap_grows)),
        expected=above(0),
        note="Trial runs of narrow nets on fewer images had shown the sign.",
    ),
    Claim(
        "cnn_rate",
        "cnn_ensembles",
        says="Wider CNNs learn images faster at the same settings.",
        measured=Estimated(
            "exponent in the width of the rate at which log train loss of single nets falls, mean over γ0",
            _cnn(lambda of: slope(rates(of, "single"), "width")),
        ),
        expected=above(0),
    ),
    Claim(
        "cnn_collapse",
        "cnn_ensembles",
        says="Test losses of CNNs of different widths fall together in time times the rate of each width.",
        measured=Estimated(
            "log of the spread over widths of log test loss at equal rescaled time over that at equal time",
            _collapse,
        ),
        expected=below(0),
        note="Corrected after seeing: rates are of the train loss, as the paper's, not each test curve's own (−1.49), "
        "which is made to fit.",
    ),
    Claim(
        "cnn_width_beats_ensembles",
        "cnn_ensembles",
        says="A wide CNN ends with less train loss than an ensemble of narrow ones.",
        measured=Estimated(
            "log of the loss of ensembles of the narrowest over that of single widest nets, mean over γ0",
            _cnn(_width_or_ensemble),
        ),
        expected=above(0),
    ),
    Claim(
        "cnn_alignment",
        "cnn_ensembles",
        says="Richly trained CNNs end with features closer to the labels.",
        measured=Exponent("the last features' alignment at the end, mean over widths,", _alignment, axis="gamma0"),
        expected=above(0),
        note="At the end lazier nets have trained farther here (0.016 against 0.021 in train loss of the widest), and "
        "alignment grows with that. At equal train loss the richer align more (at 0.0225, widest: 0.030 to 0.032).",
    ),
)
