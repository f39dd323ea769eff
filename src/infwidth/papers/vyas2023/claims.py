"""Claims of Vyas et al. 2023: signs, the theory's exponent −1 of a variance, and the edge 2/η. Fixed before running."""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, between
from infwidth.analysis.quantities import Exponent, Mean, PerDoubling, nets
from infwidth.analysis.table import Table, Tables
from infwidth.papers.vyas2023.measured import LEADING, PARTS, edge_sharpness, narrowest_behind_widest
from infwidth.topics.consistency import predictions
from infwidth.topics.consistency.measures import TASKS

_BOTH = ("vision_online", "language")


def _offline_less_online(tables: Tables) -> pd.Series:
    offline, online = (_final_gap(tables[f"vision_{stream}"]) for stream in ("offline", "online"))
    return (offline - online).dropna()


def _final_gap(table: Table) -> pd.Series:
    gap = narrowest_behind_widest(table)
    return gap[gap.step == gap.step.max()].set_index("seed").value


def _sharpness_at_large_rate(tables: Tables) -> pd.Series:
    edge = edge_sharpness(tables["full_batch"].at(lr=max))
    return edge[edge.width == edge.width.max()].value


def _settled_sharpness(tables: Tables) -> pd.Series:
    """Return η·λ of the widest nets at the large rate, averaged over the last third of the evaluations."""
    rows = tables["full_batch"].at(lr=max, width=max).nets("sharpness")
    steps = sorted(rows.step.unique())
    return rows[rows.step.isin(steps[-(len(steps) // 3) :])].groupby("seed").value.mean()


def _eigenvalue_ratio(tables: Tables) -> pd.Series:
    """Return log of the leading NTK eigenvalues of the widest nets over those of half their width, averaged."""
    leading = tables["vision_online"].at_end().at(index=range(LEADING)).nets("ntk_eigenvalue")
    narrower, wider = (
        leading[leading.width == width].set_index(["seed", "index"]).value
        for width in sorted(leading.width.unique())[-2:]
    )
    return (wider / narrower).map(np.log).groupby("seed").mean()


CLAIMS = (
    *predictions.WIDER_IS_BETTER.claims("fig1", *TASKS),
    *predictions.CURVES_COINCIDE.claims("fig1", *TASKS),
    *predictions.LOGITS_CONVERGE.claims("fig2", *_BOTH),
    *predictions.PREACTIVATIONS_CONVERGE.claims("fig3", "vision_online"),
    *predictions.KERNELS_CONVERGE.claims("fig3", "vision_online"),
    *predictions.PREACTIVATIONS_CONVERGE.claims("fig4", "language"),
    *predictions.ATTENTION_CONVERGES.claims("fig4", "language"),
    Claim(
        "sharpness_sits_at_the_edge",
        "fig5",
        says="At a large learning rate the sharpness of wide networks comes near 2/η.",
        measured=Mean("η times the widest net's sharpness, in the edge phase,", _sharpness_at_large_rate),
        expected=between(1.8, 2.5),
        note="Sharpness: largest Hessian eigenvalue. Edge phase: train loss between 80 % and 10 % of its first value, "
        "fixed on a net of the base width alone; it covers the approach and the overshoot, and wide nets settle after.",
    ),
    Claim(
        "sharpness_settles_at_two",
        "fig5",
        says="At a large learning rate the sharpness of wide networks settles at 2/η.",
        measured=Mean("η times the widest net's sharpness, in the last third of evaluations,", _settled_sharpness),
        expected=about(2, within=0.1),
        note="Sharpness: largest Hessian eigenvalue. Added after a first look at the figure, which showed that the "
        "edge phase ends before the plateau.",
    ),
    Claim(
        "sharpness_same_at_large_rate",
        "fig5",
        says="The sharpness at the edge of stability is consistent across widths.",
        measured=Exponent(
            "the sharpness at the large rate", lambda tables: edge_sharpness(tables["full_batch"].at(lr=max))
        ),
        expected=about(0, within=0.1),
    ),
    Claim(
        "sharpness_same_at_small_rate",
        "fig5",
        says="Progressive sharpening below the edge of stability is consistent across widths.",
        measured=Exponent(
            "the sharpness at the small rate", lambda tables: edge_sharpness(tables["full_batch"].at(lr=min))
        ),
        expected=about(0, within=0.1),
        note="At workstation scale narrow nets sharpen more slowly; from width 256 to 512 the curves coincide.",
    ),
    *(
        claim
        for experiment in _BOTH
        for when, after in PARTS.items()
        for claim in predictions.variance_is_one_over_n(when, after=after).claims("fig6", experiment)
    ),
    *predictions.WIDE_NET_BEATS_ENSEMBLE.claims(
        "fig7", "second_vision", "language", name="{experiment}_narrow_is_biased"
    ),
    Claim(
        "repeated_data_bring_deviations",
        "fig8",
        says="Networks of different widths deviate more where data repeat than online.",
        measured=Mean(
            "log of the narrowest over the widest net's final test loss, offline less online,", _offline_less_online
        ),
        expected=above(0),
        note="Compared after equally many steps. Nets that still descend steeply differ by how far they have come, "
        "which hides the effect where the stream is short.",
    ),
    Claim(
        "eigenvalues_agree",
        "fig9",
        says="The spectra of the after-training NTK agree across widths.",
        measured=Mean(
            f"log ratio of the {LEADING} largest eigenvalues, widest net to half its width,", _eigenvalue_ratio
        ),
        expected=about(0, within=0.2),
    ),
    Claim(
        "eigenvectors_differ",
        "fig9",
        says="The eigenvectors of the after-training NTK differ: wider networks' leading ones hold more of the task.",
        measured=PerDoubling(
            f"the task's power in the {LEADING} leading eigenvectors",
            nets("vision_online", "ntk_task_power", index=LEADING - 1, at_end=True),
        ),
        expected=above(0),
        note="That eigenvectors differ is the paper's; that wider nets hold more of the task is our reading of it.",
    ),
)
