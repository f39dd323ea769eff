"""Word2vec and MAML: orders, chance, and the theory's rate of convergence. Fixed before the laptop scale was run."""

from functools import partial

from infwidth.analysis.against_limit import limit_less_narrowest, rises_with_width
from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import Estimated, Mean, nets, on
from infwidth.topics.few_shot.measures import limit_less_best_kernel
from infwidth.topics.words.measures import similarities_converge
from infwidth.topics.words.predictions import classes_come_apart

_ntk = partial(nets, "word2vec_ntk", at_end=True)
_TRAINED = "Corrected after seeing: nets are trained; before, embeddings were left as drawn, with the same verdict."

CLAIMS = (
    classes_come_apart("mup_separates_classes", "fig1"),
    Claim(
        "ntk_is_random",
        "fig1",
        says="NTK embeddings of words are essentially random: the classes are not told apart.",
        measured=Mean("separation of wide nets in the NTK parametrization", _ntk("separation")),
        expected=about(0, within=0.2),
        note=_TRAINED,
    ),
    Claim(
        "accuracy_rises_with_width",
        "word2vec_accuracy",
        says="The accuracy of word analogies rises with width.",
        measured=Estimated(
            "change of the final accuracy per doubling of the width",
            on("word2vec", lambda table: rises_with_width(table, "accuracy")),
        ),
        expected=above(0),
    ),
    Claim(
        "limit_above_narrowest",
        "word2vec_accuracy",
        says="The μP limit is more accurate on word analogies than narrow nets.",
        measured=Estimated(
            "final accuracy of the limit less that of the narrowest nets",
            on("word2vec", lambda table: limit_less_narrowest(table, "accuracy")),
        ),
        expected=above(0),
    ),
    Claim(
        "kernels_guess",
        "word2vec_accuracy",
        says="The NTK and GP limits answer word analogies at random.",
        measured=Mean("accuracy of wide nets in the NTK parametrization", _ntk("accuracy")),
        expected=about(0, within=0.02),
        note=f"Chance is 1/(|V| − 3), below one question of all that are asked. {_TRAINED}",
    ),
    Claim(
        "similarities_converge",
        "word2vec_accuracy",
        says="Word embeddings of finite width converge to those of the μP limit.",
        measured=Estimated(
            "exponent in the width of the deviation of word similarities from the limit's",
            on("word2vec", similarities_converge),
        ),
        expected=about(-1 / 2, within=0.15),
    ),
    Claim(
        "kernels_below_mup",
        "maml",
        says="In few-shot learning the μP limit is better than kernels.",
        measured=Estimated(
            "test accuracy of the limit less that of the best kernel",
            lambda tables: limit_less_best_kernel(
                *(tables[f"maml_{name}"] for name in ("linear", "gp", "ntk", "linear_kernel"))
            ),
        ),
        expected=above(0),
    ),
    Claim(
        "few_shot_limit_above_narrowest",
        "maml",
        says="In few-shot learning the μP limit is better than the narrowest nets.",
        measured=Estimated(
            "test accuracy of the limit less that of the narrowest nets",
            on("maml_linear", lambda table: limit_less_narrowest(table, "test_accuracy")),
        ),
        expected=above(0),
    ),
)
