"""Claims of the Microsoft post: orders and the exponents 1/2 and 1. Fixed before the laptop scale was run."""

import pandas as pd

from infwidth.analysis.against_limit import limit_less_narrowest
from infwidth.analysis.claims import Claim
from infwidth.analysis.distances import alignment
from infwidth.analysis.expected import about, above, between, equals
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, Mean, nets
from infwidth.analysis.table import Tables
from infwidth.papers.msr2021.measured import moved_kernels
from infwidth.topics.few_shot.measures import limit_less_best_kernel
from infwidth.topics.words.measures import separation_over_random


def _images_over_kernels(tables: Tables) -> pd.Series:
    widest = tables["image_nets"].at(width=max).at_end().nets("test_accuracy").value
    return widest - tables["image_kernels"].limit("test_accuracy").value.max()


def _strays(tables: Tables) -> int:
    """Return how many parameters break: matrix-like if and only if hidden, vector-like all others."""
    table = tables["parameters"]
    wide, hidden = table.nets("wide_dimensions").set_index("layer").value, set(table.nets("role_hidden").layer)
    return sum(count != (2 if name in hidden else 1) for name, count in wide.items())


CLAIMS = (
    Claim(
        "images_kernels_below",
        "fig1",
        says="NNGP and NTK underperform a finite net on images.",
        measured=Mean("test accuracy of the widest nets less that of the better kernel", _images_over_kernels),
        expected=above(0),
        note="The post has CIFAR-10 in mind. On few small images, 400 digits of 7×7 pixels or 1000 of CIFAR-10 at 8×8, "
        "kernels do well.",
    ),
    Claim(
        "words_finite_below",
        "fig1",
        says="Finite nets underperform the feature-learning limit on word analogies.",
        measured=Estimated(
            "accuracy of the limit less that of the narrowest nets",
            lambda tables: limit_less_narrowest(tables["word2vec"], "accuracy"),
        ),
        expected=above(0),
    ),
    Claim(
        "few_shot_kernels_below",
        "fig1",
        says="NNGP and NTK underperform the feature-learning limit in few-shot learning.",
        measured=Estimated(
            "test accuracy of the limit less that of the better kernel",
            lambda tables: limit_less_best_kernel(tables["maml_linear"], tables["maml_gp"], tables["maml_ntk"]),
        ),
        expected=above(0),
    ),
    Claim(
        "features_move",
        "fig2",
        says="In the feature-learning limit features move during training.",
        measured=Exactly(
            "one less the cosine of the last layer's feature kernel before and after training",
            lambda tables: 1.0 - alignment(*moved_kernels(tables["dmft_limit"])),
        ),
        expected=between(0.1, 1),
    ),
    Claim(
        "independent_product",
        "fig3",
        says="A product of independent weights and activations grows as √n.",
        measured=Exponent("the product of initial weights and activations", nets("correlation", "initial_product")),
        expected=about(1 / 2, within=0.05),
    ),
    Claim(
        "correlated_product",
        "fig3",
        says="The product of the weights' change and activations grows as n.",
        measured=Exponent("the product of the weights' change and activations", nets("correlation", "update_product")),
        expected=about(1, within=0.05),
    ),
    Claim(
        "two_kinds_of_parameters",
        "fig4",
        says="Vector-like parameters have one dimension that scales with width, matrix-like two.",
        measured=Exactly("number of parameters of a transformer that are otherwise", _strays),
        expected=equals(0),
    ),
    Claim(
        "classes_come_apart",
        "fig5",
        says="Word classes separate in the feature-learning limit, not in the NTK limit.",
        measured=Estimated(
            "separation in the limit less that of random embeddings",
            lambda tables: separation_over_random(tables["word2vec"], tables["word2vec_ntk"]),
        ),
        expected=above(0),
        note="The interval is over random embeddings; the limit has no seed.",
    ),
)
