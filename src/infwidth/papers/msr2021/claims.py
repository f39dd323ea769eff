"""Claims of the Microsoft post: orders and the exponents 1/2 and 1. Fixed before the laptop scale was run."""

from infwidth.analysis.against_limit import limit_less_narrowest
from infwidth.analysis.claims import ABOVE_ZERO, Claim, Tables
from infwidth.analysis.distances import alignment
from infwidth.analysis.selection import at_the_end
from infwidth.analysis.statistics import Estimate, exact, exponent, mean_over_seeds
from infwidth.papers.msr2021.measured import moved_kernels
from infwidth.topics.few_shot.measures import limit_less_best_kernel
from infwidth.topics.words.measures import separation_over_random


def _images_over_kernels(tables: Tables) -> Estimate:
    final = at_the_end(tables["image_nets"], "test_accuracy")
    widest = final[final.width == final.width.max()].value
    kernels = tables["image_kernels"]
    return mean_over_seeds((widest - kernels[kernels.metric == "test_accuracy"].value.max()).to_numpy())


def _features_move(tables: Tables) -> Estimate:
    return exact(1.0 - alignment(*moved_kernels(tables["dmft_limit"])))


def _product(metric: str, tables: Tables) -> Estimate:
    table = tables["correlation"]
    return exponent(table[table.metric == metric])


def _strays(tables: Tables) -> Estimate:
    """Return how many parameters break: matrix-like if and only if hidden, vector-like all others."""
    table = tables["parameters"]
    wide = table[table.metric == "wide_dimensions"].set_index("layer").value
    hidden = set(table[table.metric == "role_hidden"].layer)
    return exact(sum(count != (2 if name in hidden else 1) for name, count in wide.items()))


CLAIMS = (
    Claim(
        figure="fig1",
        name="images_kernels_below",
        statement="NNGP and NTK underperform a finite net on images.",
        expected="test accuracy of the widest nets less that of the better kernel > 0",
        accept=ABOVE_ZERO,
        measure=_images_over_kernels,
        note="The post has CIFAR-10 in mind. On few small images, 400 digits of 7×7 pixels or 1000 of CIFAR-10 at 8×8, "
        "kernels do well.",
    ),
    Claim(
        figure="fig1",
        name="words_finite_below",
        statement="Finite nets underperform the feature-learning limit on word analogies.",
        expected="accuracy of the limit less that of the narrowest nets > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: limit_less_narrowest(tables["word2vec"], "accuracy"),
    ),
    Claim(
        figure="fig1",
        name="few_shot_kernels_below",
        statement="NNGP and NTK underperform in few-shot learning.",
        expected="test accuracy of the feature-learning limit less that of the better kernel > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: limit_less_best_kernel(tables["maml_linear"], tables["maml_gp"], tables["maml_ntk"]),
    ),
    Claim(
        figure="fig2",
        name="features_move",
        statement="Only the new limit sees features move.",
        expected="one less the cosine of the last layer's feature kernel before and after training > 0.1",
        accept=(0.1, 1.0),
        measure=_features_move,
    ),
    Claim(
        figure="fig3",
        name="independent_product",
        statement="A product of independent weights and activations grows as √n.",
        expected="exponent 1/2 ± 0.05",
        accept=(0.45, 0.55),
        measure=lambda tables: _product("initial_product", tables),
    ),
    Claim(
        figure="fig3",
        name="correlated_product",
        statement="The product of the weights' change and activations grows as n.",
        expected="exponent 1 ± 0.05",
        accept=(0.95, 1.05),
        measure=lambda tables: _product("update_product", tables),
    ),
    Claim(
        figure="fig4",
        name="two_kinds_of_parameters",
        statement="Vector-like parameters have one dimension that scales with width, matrix-like two.",
        expected="number of parameters of a transformer that are otherwise = 0",
        accept=(0.0, 0.0),
        measure=_strays,
    ),
    Claim(
        figure="fig5",
        name="classes_come_apart",
        statement="Word classes separate in the feature-learning limit, not in the NTK limit.",
        expected="separation in the limit less that of random embeddings > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: separation_over_random(tables["word2vec"], tables["word2vec_ntk"]),
        note="The interval is over random embeddings; the limit has no seed.",
    ),
)
