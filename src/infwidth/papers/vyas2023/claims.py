"""Claims of Vyas et al. 2023: signs, the theory's exponent −1 of a variance, and the edge 2/η. Fixed before running."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from infwidth.analysis.claims import ABOVE_ZERO, Claim, NotTestableError, Tables
from infwidth.analysis.selection import at_the_end
from infwidth.analysis.statistics import Estimate, change_per_doubling, exponent, mean_over_seeds
from infwidth.papers.vyas2023.measured import LEADING, PARTS, edge_sharpness, narrowest_behind_widest
from infwidth.topics.consistency.measures import TASKS
from infwidth.topics.consistency.predictions import (
    ATTENTION_CONVERGES,
    CURVES_COINCIDE,
    KERNELS_CONVERGE,
    LOGITS_CONVERGE,
    PREACTIVATIONS_CONVERGE,
    WIDE_NET_BEATS_ENSEMBLE,
    WIDER_IS_BETTER,
    one_over_n,
)


def _of(experiment: str, measure: Callable[[pd.DataFrame], Estimate]) -> Callable[[Tables], Estimate]:
    return lambda tables: measure(tables[experiment])


def _offline_less_online(tables: Tables) -> Estimate:
    offline, online = (_final_gap(tables[f"vision_{stream}"]) for stream in ("offline", "online"))
    return mean_over_seeds((offline - online).dropna().to_numpy())


def _final_gap(table: pd.DataFrame) -> pd.Series:
    gap = narrowest_behind_widest(table)
    return gap[gap.step == gap.step.max()].set_index("seed").value


def _sharpness_at_large_rate(table: pd.DataFrame) -> Estimate:
    edge = edge_sharpness(table, table.lr.max())
    return mean_over_seeds(edge[edge.width == edge.width.max()].value.to_numpy())


def _settled_sharpness(table: pd.DataFrame) -> Estimate:
    """Return η·λ of the widest nets at the large rate, averaged over the last third of the evaluations."""
    rows = table[(table.metric == "sharpness") & (table.lr == table.lr.max()) & (table.width == table.width.max())]
    steps = sorted(rows.step.unique())
    late = rows[rows.step.isin(steps[-(len(steps) // 3) :])]
    return mean_over_seeds(late.groupby("seed").value.mean().to_numpy())


def _sharpness_over_widths(table: pd.DataFrame, lr: float) -> Estimate:
    return exponent(edge_sharpness(table, lr))


def _eigenvalue_ratio(table: pd.DataFrame) -> Estimate:
    """Return log of the leading NTK eigenvalues of the widest nets over those of half their width, averaged."""
    rows = at_the_end(table, "ntk_eigenvalue")
    leading = rows[rows["index"] < LEADING]
    if leading.empty:
        raise NotTestableError("The NTK's spectrum is not measured at this scale.")
    narrower, wider = (
        leading[leading.width == width].set_index(["seed", "index"]).value
        for width in sorted(leading.width.unique())[-2:]
    )
    return mean_over_seeds((wider / narrower).map(np.log).groupby("seed").mean().to_numpy())


def _power_per_doubling(table: pd.DataFrame) -> Estimate:
    """Return the change per doubling of the width of the task's power in the leading eigenvectors of the NTK."""
    rows = at_the_end(table, "ntk_task_power")
    return change_per_doubling(rows[rows["index"] == LEADING - 1])


CLAIMS = (
    *(
        WIDER_IS_BETTER.claim(
            experiment,
            figure="fig1",
            name=f"{experiment}_wider_is_better",
            statement=f"In μP wider networks have lower loss at equal steps ({task}).",
        )
        for experiment, task in TASKS.items()
    ),
    *(
        CURVES_COINCIDE.claim(
            experiment,
            figure="fig1",
            name=f"{experiment}_curves_coincide",
            statement=f"Loss curves coincide at large widths ({task}).",
        )
        for experiment, task in TASKS.items()
    ),
    *(
        LOGITS_CONVERGE.claim(
            experiment,
            figure="fig2",
            name=f"{experiment}_logits_converge",
            statement=f"Predictions on single held-out points converge with width ({TASKS[experiment]}).",
        )
        for experiment in ("vision_online", "language")
    ),
    PREACTIVATIONS_CONVERGE.claim(
        "vision_online",
        figure="fig3",
        name="vision_preactivations_converge",
        statement="Preactivation distributions become the same across widths (vision).",
    ),
    KERNELS_CONVERGE.claim(
        "vision_online",
        figure="fig3",
        name="vision_kernels_converge",
        statement="Final-layer feature kernels become the same across widths (vision).",
    ),
    PREACTIVATIONS_CONVERGE.claim(
        "language",
        figure="fig4",
        name="language_preactivations_converge",
        statement="Feed-forward preactivation distributions become the same across widths (language).",
    ),
    ATTENTION_CONVERGES.claim(
        "language",
        figure="fig4",
        name="language_attention_converges",
        statement="Attention matrices become the same across widths (language).",
    ),
    Claim(
        figure="fig5",
        name="sharpness_sits_at_the_edge",
        statement="At a large learning rate the sharpness of wide networks settles near 2/η.",
        expected="η times the largest Hessian eigenvalue of the widest net, over the edge phase, in [1.8, 2.5]",
        accept=(1.8, 2.5),
        measure=_of("full_batch", _sharpness_at_large_rate),
        note="Edge phase: train loss between 80 % and 10 % of its first value, fixed on a net of the base width alone; "
        "it covers the approach and the overshoot, and wide nets settle after it.",
    ),
    Claim(
        figure="fig5",
        name="sharpness_settles_at_two",
        statement="At a large learning rate the sharpness of wide networks settles at 2/η.",
        expected="η times the largest Hessian eigenvalue of the widest net, last third of evaluations, in [1.9, 2.1]",
        accept=(1.9, 2.1),
        measure=_of("full_batch", _settled_sharpness),
        note="Added after a first look at the figure, which showed that the edge phase ends before the plateau.",
    ),
    Claim(
        figure="fig5",
        name="sharpness_same_at_large_rate",
        statement="The sharpness at the edge of stability is consistent across widths.",
        expected="exponent of the sharpness in width at the large rate = 0 ± 0.1",
        accept=(-0.1, 0.1),
        measure=_of("full_batch", lambda table: _sharpness_over_widths(table, table.lr.max())),
    ),
    Claim(
        figure="fig5",
        name="sharpness_same_at_small_rate",
        statement="Progressive sharpening below the edge is consistent across widths.",
        expected="exponent of the sharpness in width at the small rate = 0 ± 0.1",
        accept=(-0.1, 0.1),
        measure=_of("full_batch", lambda table: _sharpness_over_widths(table, table.lr.min())),
        note="At workstation scale narrow nets sharpen more slowly; from width 256 to 512 the curves coincide.",
    ),
    *(
        one_over_n("exponent of the logit variance in width = −1 ± 0.25", after=after).claim(
            experiment,
            figure="fig6",
            name=f"{experiment}_variance_{when}",
            statement=f"The variance over initializations falls as 1/N ({TASKS[experiment]}, {when} in training).",
        )
        for experiment in ("vision_online", "language")
        for when, after in PARTS.items()
    ),
    *(
        WIDE_NET_BEATS_ENSEMBLE.claim(
            experiment,
            figure="fig7",
            name=f"{experiment}_narrow_is_biased",
            statement=f"An ensemble of narrow networks is worse than one wide network ({task}).",
        )
        for experiment, task in TASKS.items()
        if experiment != "vision_online"
    ),
    Claim(
        figure="fig8",
        name="repeated_data_bring_deviations",
        statement="Widths deviate more where data repeat than online.",
        expected="log of the narrowest over the widest net's final test loss, offline less online > 0",
        accept=ABOVE_ZERO,
        measure=_offline_less_online,
        note="Compared after equally many steps. Nets that still descend steeply differ by how far they have come, "
        "which hides the effect where the stream is short.",
    ),
    Claim(
        figure="fig9",
        name="eigenvalues_agree",
        statement="Spectra of the after-training NTK agree across widths.",
        expected=f"mean log ratio of the {LEADING} largest eigenvalues, widest net to half its width = 0 ± 0.2",
        accept=(-0.2, 0.2),
        measure=_of("vision_online", _eigenvalue_ratio),
    ),
    Claim(
        figure="fig9",
        name="eigenvectors_differ",
        statement="The eigenvectors differ: wider networks' leading ones hold more of the task.",
        expected=f"power of the task in the {LEADING} leading eigenvectors rises with width: per doubling > 0",
        accept=ABOVE_ZERO,
        measure=_of("vision_online", _power_per_doubling),
        note="That eigenvectors differ is the paper's; that wider nets hold more of the task is our reading of it.",
    ),
)
