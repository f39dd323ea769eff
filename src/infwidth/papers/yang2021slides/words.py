"""Claims on what the slides say in words and show in no figure; thresholds from theory, fixed before running.

Theory (Yang & Hu 2021): with ‖x‖² ~ n and the gradient δ ~ n^(−1/2) of SP and NTP, the first step at rate η moves the
logits by η n in SP by the readout's update and the last embedding by η n^(1/2): their quotient is n^(1/2), also in NTP,
and of order one in μP, whose δ is 1/n. SP with a_(L+1) = 1/2 has δ ~ 1/n too: hidden updates are δ ‖x‖² ~ 1, and the
first layer's, δ ‖ξ‖², are 1/n. The tangent kernel of a net differs from its limit by n^(−1/2), and moves by 1/n.
"""

import numpy as np
import pandas as pd

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import Exponent, Mean, nets
from infwidth.analysis.statistics import rms_exponent
from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import (
    distance_of_limits,
    distances_of_neurons,
    logits_per_feature,
)

_RATE = 0.1
_NAMES = {
    "sp_lr": "SP at rate 1/n",
    "sp_half": "SP at rate n^(−1/2)",
    "sp_readout": "SP with a_(L+1) = 1/2",
    "ntk": "NTP",
    "mup": "μP",
}


def _first_step(name: str, rule: str, says: str, of: str, metric: str, layer: str, power: float) -> Claim:
    return Claim(
        name,
        "feature_learning",
        says=says,
        measured=Exponent(f"{of} in {_NAMES[rule]}", nets("first_step", metric, rule=rule, layer=layer)),
        expected=about(power, within=_RATE),
    )


def _quotient(rule: str, says: str, power: float) -> Claim:
    return Claim(
        f"logits_per_feature_{rule}",
        "feature_learning",
        says=says,
        measured=Exponent(
            f"the logits' update by the readout over the relative update of the last embedding in {_NAMES[rule]}",
            lambda tables: logits_per_feature(tables["first_step"], rule),
        ),
        expected=about(power, within=_RATE),
    )


def _step_error(name: str, rule: str, kernel: str, says: str, power: float, within: float) -> Claim:
    whose = {"own": "the net's own initial kernel", "limit": "the infinite net's kernel"}[kernel]
    return Claim(
        name,
        "kernel_limit",
        says=says,
        measured=Exponent(
            f"how far steps in {_NAMES[rule]} are from descent with {whose}",
            nets("kernel_descent", "step_error", rule=rule, layer=kernel),
        ),
        expected=about(power, within=within),
    )


def _overlap_at_end(tables: Tables) -> pd.DataFrame:
    table = tables["transposed_weights"].at(width=max, layer="transpose")
    return table.at(step=max).nets("overlap")


def _over_limits(tables: Tables) -> np.ndarray:
    table = tables["transposed_weights"]
    values = table.at(width=max, layer="copy").nets("deviation").value
    return np.asarray(values / distance_of_limits(table))


def _less_of_limit(tables: Tables) -> np.ndarray:
    far, near = (distances_of_neurons(tables, law) for law in ("initial", "limit"))
    return np.asarray(far[far.width == far.width.max()].value) - np.asarray(near[near.width == near.width.max()].value)


_VANISHES = "The function at initialisation vanishes with width in a feature-learning limit"
_STAYS = "The function at initialisation does not vanish in a kernel limit"
_SHARE = "moves logits by √n more than features: at a rate at which features move, logits blow up"

CLAIMS = (
    *(
        _first_step(
            f"initial_function_{rule}",
            rule,
            f"{says} ({_NAMES[rule]}).",
            "the initial output",
            "initial_size",
            "f",
            power,
        )
        for rule, says, power in (
            ("mup", _VANISHES, -1 / 2),
            ("sp_readout", _VANISHES, -1 / 2),
            ("ntk", _STAYS, 0.0),
            ("sp_lr", _STAYS, 0.0),
        )
    ),
    _quotient("sp_lr", f"In SP the readout's own gradient {_SHARE}.", 1 / 2),
    _quotient("ntk", f"In NTP the readout's own gradient {_SHARE}.", 1 / 2),
    _quotient("mup", "In μP the readout's own gradient moves logits as much as features, at any width.", 0.0),
    _first_step(
        "sp_features_at_larger_rate",
        "sp_half",
        "SP moves its features by order one at a rate of n^(−1/2).",
        "the relative update of the last embedding",
        "relative_change",
        "h2",
        0.0,
    ),
    _first_step(
        "sp_logits_at_larger_rate",
        "sp_half",
        "At the rate at which SP moves its features its logits blow up as √n.",
        "the logits' update by the readout",
        "update_size",
        "f",
        1 / 2,
    ),
    _first_step(
        "readout_alone_last_layer",
        "sp_readout",
        "Dividing the logits of SP by √n, at a rate of order one, alone suffices to learn features.",
        "the relative update of the last hidden layer",
        "relative_change",
        "h2",
        0.0,
    ),
    _first_step(
        "readout_alone_first_layer",
        "sp_readout",
        "With the logits of SP divided by √n alone the first layer does not learn features.",
        "the relative update of the first hidden layer",
        "relative_change",
        "h1",
        -1.0,
    ),
    _first_step(
        "first_layer_mup",
        "mup",
        "With a_1 = −1/2 as well, which is μP, the first layer learns features too.",
        "the relative update of the first hidden layer",
        "relative_change",
        "h1",
        0.0,
    ),
    _step_error(
        "kernel_descent_own",
        "ntk",
        "own",
        "Steps of wide NTP nets become those of kernel descent with the initial kernel, f_t − f_(t−1) = −η K L′.",
        -1.0,
        0.15,
    ),
    _step_error(
        "kernel_descent_limit",
        "ntk",
        "limit",
        "Steps of wide NTP nets become those of kernel descent with the infinite net's kernel.",
        -1 / 2,
        _RATE,
    ),
    _step_error(
        "no_kernel_descent_in_mup",
        "mup",
        "own",
        "Steps of wide μP nets do not become those of kernel descent (the control of the claim on NTP).",
        0.0,
        _RATE,
    ),
    Claim(
        "first_gradient_is_independent",
        "gradient_independence",
        says="In the first gradient Wᵀ acts as if it were independent of W: no overlap with what went forward.",
        measured=Exponent(
            "the rms overlap of W_0ᵀ d and x at step 0",
            nets("transposed_weights", "overlap", layer="transpose", step=0),
            estimator=rms_exponent,
        ),
        expected=about(-1 / 2, within=_RATE),
    ),
    Claim(
        "later_gradients_are_not",
        "gradient_independence",
        says="After the first step of SGD Wᵀ is correlated with W: what it brings back overlaps with x.",
        measured=Mean("overlap of W_0ᵀ d and x at the last step in the widest nets", _overlap_at_end),
        expected=above(0.1),
        note="Of an independent copy of W_0 it is of order n^(−1/2), 0.03 at width 1024.",
    ),
    Claim(
        "nets_approach_the_correlated_limit",
        "gradient_independence",
        says="Nets with a hidden matrix converge to the limit that knows of the correlation of W and Wᵀ, as n^(−1/2).",
        measured=Exponent(
            "the distance of outputs from that limit", nets("transposed_weights", "deviation", layer="transpose")
        ),
        expected=about(-1 / 2, within=_RATE),
    ),
    Claim(
        "nets_stay_off_the_independent_limit",
        "gradient_independence",
        says="The limit with an independent matrix in the place of Wᵀ stays wrong, however wide the nets.",
        measured=Mean("distance of the widest nets from it over the distance of the two limits", _over_limits),
        expected=about(1, within=0.15),
    ),
    Claim(
        "coordinates_are_iid",
        "iid_coordinates",
        says="Neurons of a trained net are distributed as those of the infinite net, up to n^(−1/2) (master theorem).",
        measured=Exponent(
            "the Kolmogorov–Smirnov distance of a μP net's neurons from the infinite net's",
            lambda tables: distances_of_neurons(tables, "limit"),
        ),
        expected=about(-1 / 2, within=_RATE),
    ),
    Claim(
        "coordinates_left_their_start",
        "iid_coordinates",
        says="The law of a trained net's neurons is not the Gaussian of initialisation (the control).",
        measured=Mean(
            "distance of the widest nets' neurons from that Gaussian less that from the infinite net's", _less_of_limit
        ),
        expected=above(0),
    ),
)
