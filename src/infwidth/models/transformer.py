"""The decoder-only transformer that predicts the next token."""

from typing import Any

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.models.attention import AttentionNet


class Transformer(AttentionNet):
    """Token and position embeddings, causal blocks, a readout at every position that is not tied to the embedding.

    Args:
        input_shape: [T], the longest context.
        n_outputs: number of tokens V of the vocabulary.
        **options: those of :class:`AttentionNet` from ``width`` on.
    """

    def __init__(self, input_shape: tuple[int], n_outputs: int, **options: Any) -> None:
        (context,) = input_shape
        super().__init__(context, n_outputs, is_causal=True, **options)
        self.token = nn.Embedding(n_outputs, self.readout.in_features)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map token ids [P, T] to their vectors [P, T, N]."""
        if x.shape[1] > self.position.num_embeddings:
            raise SpecError(f"{x.shape[1]} tokens are more than the context of {self.position.num_embeddings}")
        return self.token(x)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Map token ids [P, T] to logits [P, T, V] of the token that follows each."""
        return self.readout(self.features(ids))
