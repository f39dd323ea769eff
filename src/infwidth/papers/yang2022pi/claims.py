"""Claims on the π-limit; intervals are from theory and the paper, with tolerances fixed before running."""

from functools import partial

from infwidth.analysis.against_limit import limit_less_narrowest, rises_with_width
from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above, below
from infwidth.analysis.quantities import Estimated, Exactly, Exponent, Extreme, Mean, PerDoubling, nets, on
from infwidth.papers.yang2022pi import measured
from infwidth.topics.few_shot.measures import limit_less_best_kernel

#: Of rates; of final losses in units of the initial one; and of distances that theory has at zero, relative.
RATE, LOSS, GAP = 0.15, 0.02, 0.05


CLAIMS = (
    Claim(
        "functions_converge",
        "loss_convergence",
        says="Functions of finite π-nets with one hidden layer converge in training to the π-limit as n^(−1/2).",
        measured=Exponent("the rms distance of functions over training", nets("curve", "distance", n_hidden=1)),
        expected=about(-1 / 2, within=RATE),
    ),
    Claim(
        "deep_functions_converge",
        "loss_convergence",
        says="Functions of the deepest finite π-nets converge in training to the π-limit as n^(−1/2).",
        measured=Exponent("the rms distance of functions over training", nets("curve", "distance", n_hidden=max)),
        expected=about(-1 / 2, within=RATE),
    ),
    Claim(
        "losses_converge",
        "loss_convergence",
        says="Losses of finite π-nets with two hidden layers converge in training to that of the π-limit as n^(−1/2).",
        measured=Exponent("the mean distance of losses over training", nets("curve", "loss_distance", n_hidden=2)),
        expected=about(-1 / 2, within=RATE),
        note="Setting corrected after seeing: at twice the rate, where losses spike, it was −0.36 ± 0.09, that of the "
        "functions −0.34 ± 0.07.",
    ),
    Claim(
        "extrapolated_loss",
        "loss_convergence",
        says="The final loss of finite π-nets with two hidden layers, extrapolated in 1/n, is that of the π-limit.",
        measured=Estimated(
            "final loss extrapolated from the two largest widths less the limit's, relative to the initial one,",
            on("curve", partial(measured.extrapolated_gap, n_hidden=2)),
        ),
        expected=about(0, within=LOSS),
    ),
    Claim(
        "kernels_converge",
        "kernel_distance",
        says="Feature kernels of trained finite π-nets converge to that of the π-limit as n^(−1/2).",
        measured=Exponent("the relative Frobenius distance", nets("kernels", "kernel_distance", at_end=True)),
        expected=about(-1 / 2, within=RATE),
    ),
    Claim(
        "features_are_learned",
        "kernel_distance",
        says="Features of the π-limit are learned: training moves its feature kernel.",
        measured=Exactly(
            "relative Frobenius distance of the limit's kernel after training from that before",
            on("kernels", measured.moved),
        ),
        expected=above(0.1),
        note="A kernel limit does not move at all.",
    ),
    Claim(
        "wider_is_better",
        "width_r",
        says="The test accuracy of π-nets of the largest rank rises with width.",
        measured=PerDoubling("the test accuracy", nets("images", "test_accuracy", at_end=True, rank=max)),
        expected=above(0),
    ),
    Claim(
        "higher_rank_is_better",
        "width_r",
        says="The test accuracy of the infinite π-net rises with the rank.",
        measured=Estimated(
            "change of the test accuracy per doubling of the rank r", on("images", measured.rises_with_rank)
        ),
        expected=above(0),
    ),
    Claim(
        "limit_above_narrow",
        "width_r",
        says="The infinite π-net is more accurate than narrow π-nets of the same, largest rank.",
        measured=Estimated(
            "test accuracy of the limit less that of the narrowest nets",
            on("images", lambda table: limit_less_narrowest(table.at(rank=max), "test_accuracy")),
        ),
        expected=above(0),
    ),
    Claim(
        "limit_over_ntk",
        "cifar_table",
        says="On images the infinite π-net is more accurate than the NTK.",
        measured=Estimated(
            "test accuracy of the π-limit less the NTK's", partial(measured.limit_less, other=measured.NTK)
        ),
        expected=above(0),
        note="Reported: 61.50 against 59.63 %.",
    ),
    Claim(
        "limit_over_nngp",
        "cifar_table",
        says="On images the infinite π-net is more accurate than the NNGP.",
        measured=Estimated(
            "test accuracy of the π-limit less the NNGP's", partial(measured.limit_less, other=measured.NNGP)
        ),
        expected=above(0),
        note="Reported: 61.50 against 58.92 %.",
    ),
    Claim(
        "limit_closes_the_gap",
        "cifar_table",
        says="On images the infinite π-net is as accurate as finite nets trained without projection, or more.",
        measured=Estimated(
            "test accuracy of the π-limit less the widest μ-nets'", partial(measured.limit_less, other=measured.MUP)
        ),
        expected=above(-0.01),
        note="Reported: 61.50 against 61.31 %.",
    ),
    Claim(
        "few_shot_over_kernels",
        "maml",
        says="In few-shot learning the infinite π-net is more accurate than kernels.",
        measured=Estimated(
            "test accuracy of the π-limit less that of the better kernel",
            lambda tables: limit_less_best_kernel(tables["maml"], tables["maml_gp"], tables["maml_ntk"]),
        ),
        expected=above(0),
        note="Kernels of one hidden layer by first-order MAML, here; the paper's have two. Reported: 91.46 against "
        "51.72 %. Below paper scale a small rank learns for a few hundred steps at most, from features that are nearly "
        "the same for all inputs; on digits kernels of pixels do well at once.",
    ),
    Claim(
        "few_shot_rises_with_width",
        "maml",
        says="The few-shot accuracy of π-nets rises with width.",
        measured=Estimated(
            "change of the test accuracy per doubling of the width",
            on("maml", lambda table: rises_with_width(table, "test_accuracy")),
        ),
        expected=above(0),
    ),
    Claim(
        "meta_training_helps",
        "maml",
        says="The infinite π-net learns features for few-shot learning: meta-training raises its accuracy.",
        measured=Mean(
            "test accuracy of the π-limit less that of its untrained features",
            on("maml", measured.trained_less_untrained),
        ),
        expected=above(0),
        note="Paired by seed: the same initial net on the same tasks.",
    ),
    Claim(
        "linear_rank",
        "mup_limit",
        says="The π-limit of linear nets with random initial vectors in R^r approaches their μP limit as r^(−1/2).",
        measured=Exponent(
            "the distance from the μP limit",
            on("ranks", partial(measured.of_random_vectors, activation="linear")),
            axis="rank",
        ),
        expected=about(-1 / 2, within=RATE),
        note="The rate at which random vectors become orthonormal. Not in the paper.",
    ),
    Claim(
        "linear_is_exact",
        "mup_limit",
        says="The π-limit of linear nets of rank d + d_o with orthonormal initial vectors is their μP limit.",
        measured=Exactly("largest relative distance of the functions over training", on("ranks", measured.exact_rank)),
        expected=below(1e-9),
        note="Thm D.1 of Tensor Programs IV, by other code. Not in the paper.",
    ),
    Claim(
        "relu_keeps_a_gap",
        "mup_limit",
        says="As its rank grows the π-limit of ReLU nets does not approach their μP limit.",
        measured=Mean(
            "relative distance of the π-limit of infinite rank from samples of the μP limit",
            on("ranks", measured.of_infinite_rank),
        ),
        expected=above(GAP),
        note="Not in the paper. The projection keeps of ∂L/∂h what is linear in the Gaussians Ω: of v φ′(h) it keeps "
        "v/2, and v (φ′(h) − 1/2) is orthogonal to any number of independent Gaussians.",
    ),
    Claim(
        "relu_has_a_limit_in_rank",
        "mup_limit",
        says="The π-limit of ReLU nets of large rank is that of infinite rank, in its distance from their μP limit.",
        measured=Mean(
            "distance at the largest rank over that at infinite rank", on("ranks", measured.over_infinite_rank)
        ),
        expected=about(1, within=RATE),
        note="Not in the paper.",
    ),
    Claim(
        "full_rank_is_mup",
        "mup_limit",
        says="π-nets of rank r = n are ordinary μP nets.",
        measured=Extreme(
            "largest relative distance from the ordinary net at r = n", on("projection", measured.at_full_rank)
        ),
        expected=below(1e-6),
        note="Other code: explicit weights, no projection. The rank of μP grows with the width.",
    ),
    Claim(
        "half_rank",
        "mup_limit",
        says="A π-net whose rank is half its width has gone half of the way to the ordinary net of the same weights.",
        measured=Mean(
            "distance half way between the ranks d + 1 and n, over that at rank d + 1,",
            on("projection", measured.half_of_the_rank),
        ),
        expected=about(1 / 2, within=RATE),
        note="Not in the paper: a random projection of rank r keeps r/n of what is orthogonal to W and v; exact "
        "to first order in the learning rate.",
    ),
)
