"""The roles of a real model's parameters."""

from typing import Literal

from infwidth.results.rows import Rows
from infwidth.specs.block import Count, Depth, Width
from infwidth.specs.cells import Computation
from infwidth.specs.data import VocabularySize


class Spec(Computation):
    """A transformer of ``n_blocks`` blocks for windows of ``context`` words."""

    name: Literal["parameter_roles"]
    width: Width
    n_blocks: Depth
    vocabulary_size: VocabularySize
    context: Count


def rows(spec: Spec, data: None) -> Rows:
    """Return for every parameter of a transformer its shape and which dimensions grow with the width.

    ``size`` and ``wide`` (0 or 1) of each dimension (index), the parameter's name as layer; ``wide_dimensions``, their
    number: one for vector-like parameters, two for matrix-like ones.
    """
    from infwidth.models.shapes import shapes_only
    from infwidth.models.transformer import Transformer
    from infwidth.parametrization import find_roles

    def net(width: int) -> Transformer:
        return Transformer(
            (spec.context,),
            spec.vocabulary_size,
            width=width,
            n_heads=4,
            n_blocks=spec.n_blocks,
            mlp_ratio=1,
            attention_multiplier=1.0,
            branch_multiplier=1.0,
            branch_power="0",
        )

    with shapes_only():
        narrow, wider = net(spec.width), net(2 * spec.width)
    roles, others = find_roles(narrow, wider), dict(wider.named_parameters())
    out = Rows(of="net")
    for name, parameter in narrow.named_parameters():
        wide = [int(a != b) for a, b in zip(parameter.shape, others[name].shape, strict=True)]
        out.add(0, "size", tuple(parameter.shape), layer=name)
        out.add(0, "wide", wide, layer=name)
        out.add(0, "wide_dimensions", sum(wide), layer=name)
        out.add(0, f"role_{roles[name].role}", 1, layer=name)
    return out
