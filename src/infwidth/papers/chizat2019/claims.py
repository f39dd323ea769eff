"""Claims on what lazy training costs; thresholds came after a first look at four nets of laptop size."""

from functools import partial

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, at_most
from infwidth.analysis.quantities import Exponent, Mean, on
from infwidth.papers.chizat2019.measured import drop, from_linearized, lazy_over_rich, of_power, unchanged_at

#: Times worse; an exponent in the width that is none; one that is seen.
WORSE, FLAT, SEEN = 3, 0.1, 0.1

CLAIMS = (
    Claim(
        "lazy_start_costs",
        "fig1",
        says="Two-layer nets that start large are lazy and generalise worse than those that start small.",
        measured=Mean(
            "the test loss after training at the largest scale over that at the smallest",
            on("chizat_scales", partial(lazy_over_rich, metric="relative_risk")),
        ),
        expected=above(WORSE),
        note="τ² is the scale α of the output, and γ = 1/τ² the richness.",
    ),
    Claim(
        "early_stopping_does_not_help",
        "fig1",
        says="Two-layer nets that start large generalise worse even where they are best on their way.",
        measured=Mean(
            "the least test loss on the way at the largest scale over that at the smallest",
            on("chizat_scales", partial(lazy_over_rich, metric="least_relative_risk")),
        ),
        expected=above(WORSE),
    ),
    Claim(
        "square_root_becomes_lazy",
        "fig2",
        says="Two-layer nets whose output is multiplied by 1/√m generalise worse as their width m grows.",
        measured=Exponent("the test loss with 1/√m", lambda tables: of_power(tables["chizat_widths"], 0.5)),
        expected=above(SEEN),
    ),
    Claim(
        "mean_field_does_not",
        "fig2",
        says="Two-layer nets whose output is multiplied by 1/m do not generalise worse as their width m grows.",
        measured=Exponent("the test loss with 1/m", lambda tables: of_power(tables["chizat_widths"], 1.0)),
        expected=about(0, within=FLAT),
        control=Exponent("the same with 1/√m", lambda tables: of_power(tables["chizat_widths"], 0.5)),
    ),
    Claim(
        "lazy_sgd_does_not_converge",
        "fig2",
        says="SGD that sees every example once leaves a larger loss from a large start than from a small one.",
        measured=Mean(
            "the population loss after SGD at the largest scale over that at the smallest",
            on("chizat_population", partial(lazy_over_rich, metric="relative_risk")),
        ),
        expected=above(WORSE),
    ),
    Claim(
        "laziest_is_linearized",
        "fig3",
        says="The lazier a convolutional net, the nearer its test accuracy is to that of its linearization.",
        measured=Mean(
            "distance of test accuracies at the largest α", on("chizat_images", partial(from_linearized, which=max))
        ),
        expected=at_most(0.01),
        control=Mean("the same at the smallest α", on("chizat_images", partial(from_linearized, which=min))),
    ),
    Claim(
        "activations_freeze",
        "fig3",
        says="Hidden units of a lazy convolutional net stay on or off as they were before training.",
        measured=Mean(
            "the share of unchanged units at the largest α", on("chizat_images", partial(unchanged_at, which=max))
        ),
        expected=above(0.98),
        control=Mean("the same at the smallest α", on("chizat_images", partial(unchanged_at, which=min))),
    ),
    Claim(
        "lazy_nets_lose_accuracy",
        "fig3",
        says="A convolutional net is right more often on test images if it is trained at α = 1 than in the lazy limit.",
        measured=Mean("test accuracy at α = 1 less that of the linearized net", on("chizat_images", drop)),
        expected=above(0),
    ),
)
