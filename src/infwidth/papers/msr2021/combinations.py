"""Claims on the four combinations of weights or updates with two kinds of parameters; fixed before running.

Theory: a product that sums over n independent entries of mean zero is √n, of n correlated ones n, and one that sums
over finitely many is of order one. In μP every one of these evolves activations by order one; in NTP, whose hidden and
read-in updates are smaller by √n, by n^(−1/2).
"""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import about
from infwidth.analysis.quantities import Exponent, nets

#: Layer → what its parameters are, and the exponents of the products of initial weights and of updates.
LAYERS = {
    "h1": ("vector-like read-in", 0.0, 0.0),
    "h2": ("matrix-like", 0.5, 1.0),
    "f": ("vector-like readout", 0.5, 1.0),
}
TOLERANCE = 0.1

CLAIMS = (
    *(
        Claim(
            f"{kind}_product_{layer}",
            "combinations",
            says=f"A product of {words} weights {of} and activations grows as "
            f"{ {0.0: 'order one', 0.5: '√n', 1.0: 'n'}[power] }.",
            measured=Exponent(
                f"the product of {words} weights {of} and activations",
                nets("combinations", f"{kind}_product", rule="mup", layer=layer),
            ),
            expected=about(power, within=TOLERANCE),
        )
        for layer, (words, *powers) in LAYERS.items()
        for (kind, of), power in zip(
            (("initial", "at initialisation"), ("update", "as trained (their change)")), powers, strict=True
        )
    ),
    *(
        Claim(
            f"{rule}_update_{layer}",
            "combinations",
            says=f"{name}, updates of {words} weights move activations by {size}.",
            measured=Exponent(
                f"what the updates of {words} weights add in {name.removeprefix('In ')}",
                nets("combinations", "update_size", rule=rule, layer=layer),
            ),
            expected=about(power, within=TOLERANCE),
        )
        for rule, name, power, size, layers in (
            ("mup", "In μP", 0.0, "order one", ("h1", "h2", "f")),
            ("ntk", "In NTP", -0.5, "n^(−1/2), that is not at all (the control of the claim on μP)", ("h1", "h2")),
        )
        for layer in layers
        for words in (LAYERS[layer][0],)
    ),
)
