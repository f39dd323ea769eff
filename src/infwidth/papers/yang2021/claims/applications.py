"""Word2vec and MAML: orders, chance, and the theory's rate of convergence. Fixed before the laptop scale was run."""

from infwidth.analysis.against_limit import finite, limit_less_narrowest, rises_with_width
from infwidth.analysis.claims import ABOVE_ZERO, Claim
from infwidth.analysis.statistics import mean_over_seeds
from infwidth.topics.few_shot.measures import limit_less_best_kernel
from infwidth.topics.words.measures import separation_over_random, similarities_converge

CLAIMS = (
    Claim(
        figure="fig1",
        name="mup_separates_classes",
        statement="In the μP limit the embeddings of two classes of words come apart.",
        expected="separation in the limit less that of random embeddings > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: separation_over_random(tables["word2vec"], tables["word2vec_ntk"]),
        note="The interval is over random embeddings; the limit has no seed.",
    ),
    Claim(
        figure="fig1",
        name="ntk_is_random",
        statement="NTK embeddings are essentially random: the classes are not told apart.",
        expected="separation of wide frozen embeddings = 0 ± 0.2",
        accept=(-0.2, 0.2),
        measure=lambda tables: mean_over_seeds(finite(tables["word2vec_ntk"], "separation").value.to_numpy()),
    ),
    Claim(
        figure="word2vec_accuracy",
        name="accuracy_rises_with_width",
        statement="Analogy accuracy rises with width.",
        expected="change of the final accuracy per doubling of the width > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: rises_with_width(tables["word2vec"], "accuracy"),
    ),
    Claim(
        figure="word2vec_accuracy",
        name="limit_above_narrowest",
        statement="The μP limit is more accurate than narrow nets.",
        expected="final accuracy of the limit less that of the narrowest nets > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: limit_less_narrowest(tables["word2vec"], "accuracy"),
    ),
    Claim(
        figure="word2vec_accuracy",
        name="kernels_guess",
        statement="The NTK and GP limits answer analogies at random.",
        expected="accuracy of wide frozen embeddings at most 0.02",
        accept=(-0.02, 0.02),
        measure=lambda tables: mean_over_seeds(finite(tables["word2vec_ntk"], "accuracy").value.to_numpy()),
        note="Chance is 1/(|V| − 3), below one question of all that are asked.",
    ),
    Claim(
        figure="word2vec_accuracy",
        name="similarities_converge",
        statement="Finite-width embeddings converge to those of the limit.",
        expected="deviation of word similarities from the limit's: exponent −1/2 ± 0.15",
        accept=(-0.65, -0.35),
        measure=lambda tables: similarities_converge(tables["word2vec"]),
    ),
    Claim(
        figure="maml",
        name="kernels_below_mup",
        statement="In few-shot learning the μP limit is better than kernels.",
        expected="test accuracy of the limit less that of the best kernel > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: limit_less_best_kernel(
            tables["maml_linear"], tables["maml_gp"], tables["maml_ntk"], tables["maml_linear_kernel"]
        ),
    ),
    Claim(
        figure="maml",
        name="limit_above_narrowest",
        statement="The limit is better than the narrowest nets.",
        expected="test accuracy of the limit less that of the narrowest nets > 0",
        accept=ABOVE_ZERO,
        measure=lambda tables: limit_less_narrowest(tables["maml_linear"], "test_accuracy"),
    ),
)
