"""Claims on lazy and rich training; slopes are the paper's or theory's.

Tolerances of slopes were fixed at planning, all others after trial tables of four data sets."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.collapse import collapse
from infwidth.analysis.expected import about, above, at_most, below
from infwidth.analysis.quantities import Estimated, Exponent, Mean
from infwidth.analysis.statistics import Estimate, slope_of_means
from infwidth.analysis.table import Tables
from infwidth.papers.geiger2020.measured import displacement, half_time, lazy, of_infinite_ensembles, of_nets, rich

#: Of slopes in α that are exact in a limit; of those that the paper draws through its points; of 1/h of a variance.
SLOPE, DRAWN, OF_VARIANCE = 0.15, 0.25, 0.25
#: Of a slope as small as that of weights; what a collapse leaves of a spread; a difference of error rates.
OF_WEIGHTS, LEFT, ERROR = 0.1, 0.5, 0.015

_collapsed = partial(collapse, scaled="scaled", raw="alpha")
_over_widths = partial(slope_of_means, log_y=True)


def _widest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.width == rows.width.max()]


def _kernel_change(tables: Tables) -> pd.DataFrame:
    return of_nets(tables["flow_widths"], "kernel_change")


def _errors(tables: Tables) -> Estimate:
    rows = of_nets(tables["flow_widths"], "error_rate")
    centred = rows.value - rows.groupby("width").value.transform("mean")
    return _collapsed(rows.assign(value=centred), log_y=False)


def _lazy_less_rich(tables: Tables) -> pd.Series:
    rows = _widest(of_nets(tables["flow_widths"], "error_rate"))
    return lazy(rows).groupby("seed").value.mean() - rich(rows).groupby("seed").value.mean()


def _variance(chosen: Callable[[pd.DataFrame], pd.DataFrame], tables: Tables) -> pd.DataFrame:
    return _mean_over_scales(chosen(of_nets(tables["flow_ensembles"], "output_deviation")))


def _mean_over_scales(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(["width", "seed"]).value.mean().reset_index()


def _above_widest(tables: Tables, *, ensemble: bool) -> pd.Series:
    """Return the error of averages (or of single nets) of a quarter of the largest width, less that of the widest."""
    table = tables["flow_ensembles"]
    single = of_nets(table, "error_rate")
    narrow = of_infinite_ensembles(table) if ensemble else single
    width = single.width.max()
    at = table.at(width=width / 4).values("width")[0]
    errors = [
        _mean_over_scales(rows).set_index("seed")
        for rows in (narrow[narrow.width == at], single[single.width == width])
    ]
    return errors[0].value - errors[1].value


def _difference(tables: Tables, metric: str) -> pd.Series:
    """Return the error of a kernel less that of the net, of the widest nets in the rich regime."""
    means = [
        rich(_widest(of_nets(tables["flow_kernels"], name))).groupby("seed").value.mean()
        for name in (metric, "error_rate")
    ]
    return means[0] - means[1]


CLAIMS = (
    Claim(
        "errors_collapse",
        "test_error",
        says="Test errors of nets of different widths h are one function of √h α, up to a shift of each.",
        measured=Estimated(
            "spread between widths of error rates, less the mean of each width, against √h α, over that against α",
            _errors,
        ),
        expected=below(LEFT),
        note="The paper rescales errors before they collapse, we do not know how. With 40 images to learn from regimes "
        "differ by less than what their variance costs narrow nets, which no shift takes away.",
    ),
    Claim(
        "rich_wins_on_components",
        "test_error",
        says="On ten principal components of digits fully connected nets generalise better if they are rich than lazy.",
        measured=Mean("the error rate of lazy less that of rich training, of the widest nets,", _lazy_less_rich),
        expected=above(0),
        note="The paper has 5000 or 10 000 images to learn from; 40 leave little to be learned beside the kernel.",
    ),
    *(
        Claim(
            f"variance_falls_in_{name}_training",
            "variance",
            says=f"The variance over initialisations of outputs after {name} training falls as 1/h.",
            measured=Exponent(
                f"the variance of outputs in the {name} regime",
                partial(_variance, chosen),
                estimator=_over_widths,
            ),
            expected=about(-1, within=OF_VARIANCE),
            note="Mean over scales. Variances in the paper are from √h α = 0.01 on; below, they fall more slowly here.",
        )
        for name, chosen in (("lazy", lazy), ("rich", rich))
    ),
    Claim(
        "ensembles_make_up_for_width",
        "variance",
        says="An average of narrow nets errs no more than wide nets, whatever the scale of the output.",
        measured=Mean(
            "the error rate of averages of infinitely many nets of a quarter of the largest width, less that of single "
            "widest nets, mean over scales,",
            partial(_above_widest, ensemble=True),
        ),
        expected=at_most(0.01),
        note="Averages of infinitely many nets by the jackknife from those of all nets of a training set.",
        control=Mean("the same of single nets", partial(_above_widest, ensemble=False)),
    ),
    Claim(
        "kernel_changes_collapse",
        "time_dynamics",
        says="Relative changes of the tangent kernel in training are one function of √h α for all widths h.",
        measured=Estimated(
            "spread between widths of the logarithm of kernel changes against √h α, over that against α",
            lambda tables: _collapsed(_kernel_change(tables)),
        ),
        expected=below(LEFT),
    ),
    Claim(
        "kernel_change_lazy",
        "time_dynamics",
        says="In lazy training the relative change of the tangent kernel falls as 1/α.",
        measured=Exponent(
            "the kernel change at √h α ≥ 100", lambda tables: lazy(_widest(_kernel_change(tables))), "alpha"
        ),
        expected=about(-1, within=SLOPE),
    ),
    Claim(
        "kernel_change_rich",
        "time_dynamics",
        says="In rich training the relative change of the tangent kernel falls as α^(−4/3).",
        measured=Exponent(
            "the kernel change at √h α ≤ 0.1", lambda tables: rich(_widest(_kernel_change(tables))), "alpha"
        ),
        expected=about(-4 / 3, within=DRAWN),
        note="The paper draws −4/3. Derived here: a net of L hidden layers is homogeneous of degree L + 1 in large "
        "weights, which grow as α^(−1/(L+1)) until the output is 1/α; the kernel grows as their power 2L, as α^(−3/2) "
        "for L = 3.",
    ),
    Claim(
        "half_time_rich",
        "time_dynamics",
        says="In rich training the time to learn is proportional to √h α.",
        measured=Exponent(
            "the time to halve the loss in units of √h α, at √h α ≤ 0.1",
            lambda tables: rich(_widest(half_time(tables["flow_widths"]))),
            "alpha",
        ),
        expected=about(0, within=SLOPE),
        control=Exponent(
            "the same at √h α ≥ 100", lambda tables: lazy(_widest(half_time(tables["flow_widths"]))), "alpha"
        ),
    ),
    Claim(
        "half_time_lazy",
        "time_dynamics",
        says="In lazy training the time to learn does not depend on the scale α of the output.",
        measured=Exponent(
            "the time to halve the loss in units of √h α, at √h α ≥ 100",
            lambda tables: lazy(_widest(half_time(tables["flow_widths"]))),
            "alpha",
        ),
        expected=about(-1, within=SLOPE),
    ),
    Claim(
        "final_kernel_is_the_net",
        "kernel_dyn",
        says="Regression with the tangent kernel after rich training errs as often as the net itself.",
        measured=Mean(
            "the error rate with the final kernel less that of the net, widest nets in the rich regime,",
            partial(_difference, metric="final_kernel_error_rate"),
        ),
        expected=about(0, within=ERROR),
    ),
    Claim(
        "initial_kernel_is_worse",
        "kernel_dyn",
        says="Regression with the tangent kernel before training errs more often than a net in rich training.",
        measured=Mean(
            "the error rate with the initial kernel less that of the net, widest nets in the rich regime,",
            partial(_difference, metric="init_kernel_error_rate"),
        ),
        expected=above(0),
        note="The paper has 5000 images to learn from.",
    ),
    Claim(
        "displacements_collapse",
        "weights",
        says="√h times the relative displacement of weights in training is one function of √h α for all widths h.",
        measured=Estimated(
            "spread between widths of the logarithm of displacements against √h α, over that against α",
            lambda tables: _collapsed(displacement(tables["flow_widths"])),
        ),
        expected=below(LEFT),
    ),
    Claim(
        "displacement_lazy",
        "weights",
        says="In lazy training weights move by a distance that falls as 1/α.",
        measured=Exponent(
            "the displacement at √h α ≥ 100", lambda tables: lazy(_widest(displacement(tables["flow_widths"]))), "alpha"
        ),
        expected=about(-1, within=SLOPE),
    ),
    Claim(
        "displacement_rich",
        "weights",
        says="In rich training weights move by a distance that falls as α^(−0.23).",
        measured=Exponent(
            "the displacement at √h α ≤ 0.1", lambda tables: rich(_widest(displacement(tables["flow_widths"]))), "alpha"
        ),
        expected=about(-0.23, within=OF_WEIGHTS),
        note="The paper draws −0.23. Derived here: −1/4 for L = 3 hidden layers, as α → 0.",
    ),
)
