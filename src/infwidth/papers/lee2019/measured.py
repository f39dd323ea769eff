"""What figures and claims share."""

#: Layer → its words, and theory's exponent of its relative change: first and last have a side that does not grow.
LAYERS = {
    "h1": ("first", -0.5),
    "h2": ("second", -1.0),
    "h3": ("third", -1.0),
    "f": ("last", -0.5),
}
