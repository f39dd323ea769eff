"""What moves in the first steps of Adam: in μP all by as much at every width, in SP logits and attention by more.

Adam's step has the size of the rate in every weight. In SP the readout's N weights of a logit move by η along features
of order one, of which the first step knows the sign: its logits move as η N, slope 1, from the first step on. Queries
start at zero and move from the second step, by ΔW z of order η N; keys are aligned with them, so that their product
over √d grows by √d besides, slope 3/2 before softmax and norms saturate: half of slope 1 is asked for.
In μP all slopes are zero but for corrections of finite width, which slopes of 0.1 over three doublings
(a fifth in all) leave room for. Coordinates of the embeddings' weights move by η a step in every rule.
"""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about, above
from infwidth.analysis.quantities import Exponent, nets

_LAYERS = {"logits": "logits", "attention": "attention logits", "embeddings": "embeddings"}
_LAST = 4


def _slope(rule: str, layer: str, step: int) -> Exponent:
    words = f"the change of the {_LAYERS[layer]} after {step} step{'s' if step > 1 else ''} in {_RULES[rule]}"
    return Exponent(words, nets("transformer_coordinates", "coordinate_change", rule=rule, layer=layer, step=step))


_RULES = {"sp": "SP", "mup": "μP"}
_SP_ATTENTION = _slope("sp", "attention", _LAST)

CLAIMS = (
    Claim(
        "sp_logits_blow_up",
        "fig5",
        says="In the standard parametrization one step of Adam changes a transformer's logits as its width.",
        measured=_slope("sp", "logits", 1),
        expected=about(1, within=0.25),
    ),
    Claim(
        "sp_attention_blows_up",
        "fig5",
        says="In the standard parametrization the first steps of Adam change attention logits by more in wider nets.",
        measured=_SP_ATTENTION,
        expected=above(0.5),
    ),
    *(
        Claim(
            f"mup_{layer}_stay",
            "fig5",
            says=f"In μP the first steps of Adam change a transformer's {noun} by as much at every width.",
            measured=_slope("mup", layer, _LAST),
            expected=about(0, within=0.1),
            control=_slope("sp", "logits", 1) if layer == "logits" else _SP_ATTENTION,
        )
        for layer, noun in _LAYERS.items()
    ),
    Claim(
        "sp_embeddings_stay",
        "fig5",
        says="In the standard parametrization too the first steps of Adam change embeddings by as much at every width.",
        measured=_slope("sp", "embeddings", _LAST),
        expected=about(0, within=0.1),
        control=_SP_ATTENTION,
    ),
)
