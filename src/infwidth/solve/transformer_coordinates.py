"""By how much what a transformer computes moves in the first steps of Adam: the check of a parametrization."""

from typing import TYPE_CHECKING, ClassVar, Literal

from infwidth.results.rows import Rows
from infwidth.solve.stacked_transformers import Member, StackedTransformers, Transformers
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Nets, Positive

if TYPE_CHECKING:
    from infwidth.data.tokens import Windows


class Spec(Transformers):
    """``steps`` steps of Adam at the base rate ``lr``, each on other ``batch_size`` windows while there are some."""

    name: Literal["transformer_coordinates"]
    lr: Positive
    steps: Count
    batch_size: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Windows,)


def rows(spec: Spec, data: "Windows") -> Rows:
    """Return ``coordinate_change`` of every net after every step: the standard deviation of the entries of x_t − x_0.

    x (``layer``) is "logits", "attention" (the last block's logits of attention at the places that are seen) or
    "embeddings" (of the words and places of the batch, before any block), on the first batch. Where nothing has moved
    it is zero.
    """
    import torch

    from infwidth.data.streams import Batches

    out = Rows(spec.lr)
    context = data.x_train.shape[1]
    batches = Batches(len(data.x_train), min(spec.batch_size, len(data.x_train)))
    first = data.x_train[batches.indices(0)]
    seen = torch.ones(context, context, dtype=torch.bool).tril()
    for seed in range(spec.n_seeds):
        nets = StackedTransformers(spec, [Member(seed, spec.lr)], context=context, vocabulary=data.n_classes)

        def coordinates(nets: StackedTransformers = nets) -> "dict[str, torch.Tensor]":
            with torch.no_grad():
                logits, attention = nets.forward(first)
                return {"logits": logits, "attention": attention[-1][..., seen], "embeddings": nets.embedded(first)}

        before = coordinates()
        for step in range(1, spec.steps + 1):
            rows_of = batches.indices(step - 1)
            nets.step(data.x_train[rows_of], data.y_train[rows_of], 0.0)
            for layer, after in coordinates().items():
                change = float((after - before[layer]).double().std())
                out.add(step, "coordinate_change", change, layer=layer, seed=seed)
    return out
