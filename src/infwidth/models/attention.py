"""What transformers for text and for images have in common: pre-norm blocks of attention and MLP."""

from abc import abstractmethod

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.models.activations import Pointwise
from infwidth.models.model import Model
from infwidth.models.residual import Residual, branch_scale


class Attention(nn.Module):
    """h ↦ W_out · concatenated heads of softmax(c·QKᵀ/d) V, with Q, K and V linear in LayerNorm(h); no biases.

    d = width / heads is the length of a head. Logits are divided by d and not by √d, because queries and keys that
    learned are aligned (Yang et al. 2022, Definition 4.1); at the start they are therefore of order d^-1/2.

    Args:
        width: N, a multiple of ``n_heads``.
        n_heads: number of heads.
        multiplier: c.
        is_causal: whether a position sees only itself and those before it.
    """

    def __init__(self, width: int, n_heads: int, *, multiplier: float, is_causal: bool) -> None:
        super().__init__()
        if width % n_heads:
            raise SpecError(f"a width of {width} cannot be divided among {n_heads} heads")
        self.n_heads = n_heads
        self.scale = multiplier * n_heads / width
        self.is_causal = is_causal
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map the residual stream [P, T, N] to what is added to it."""
        z = self.norm(h)
        query, key, value = (self._heads(layer(z)) for layer in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal, scale=self.scale)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def maps(self, h: torch.Tensor) -> torch.Tensor:
        """Map the residual stream [P, T, N] to the attention [P, heads, T, T] each position pays to each."""
        z = self.norm(h)
        logits = self.scale * self._heads(self.query(z)) @ self._heads(self.key(z)).transpose(2, 3)
        if self.is_causal:
            logits = logits.masked_fill(torch.ones_like(logits, dtype=torch.bool).triu(1), -torch.inf)
        return logits.softmax(-1)

    def _heads(self, z: torch.Tensor) -> torch.Tensor:
        """[P, T, N] → [P, heads, T, d]."""
        return z.unflatten(2, (self.n_heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    """h ↦ W_down GELU(W_up LayerNorm(h)) at every position, with ``ratio`` · width units inside; no biases."""

    def __init__(self, width: int, ratio: float) -> None:
        super().__init__()
        inner = round(ratio * width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, inner, bias=False)
        self.activation = Pointwise("gelu")
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map the residual stream [P, T, N] to what is added to it."""
        return self.down(self.activation(self.up(self.norm(h))))


class Block(nn.Module):
    """The residual branches of one depth: ``attention``, then ``mlp``."""

    def __init__(self, attention: Attention, mlp: FeedForward, scale: float) -> None:
        super().__init__()
        self.attention = Residual(attention, scale)
        self.mlp = Residual(mlp, scale)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map the residual stream [P, T, N] to the next block's."""
        return self.mlp(self.attention(h))


class AttentionNet(Model):
    """Embedded positions, blocks, a final LayerNorm and a linear readout; children say what is embedded and read out.

    Each of the L = 2·``n_blocks`` residual branches has the factor β/L^α.

    Args:
        n_positions: number of positions T at most.
        n_outputs: number of logits k.
        is_causal: whether a position sees only itself and those before it.
        width: N, a multiple of ``n_heads``.
        n_heads: heads of each attention.
        n_blocks: number of blocks.
        mlp_ratio: units inside an MLP over the width.
        attention_multiplier: c of :class:`Attention`.
        branch_multiplier: β.
        branch_power: α as a rational text, such as "1/2".
    """

    def __init__(
        self,
        n_positions: int,
        n_outputs: int,
        *,
        is_causal: bool,
        width: int,
        n_heads: int,
        n_blocks: int,
        mlp_ratio: float,
        attention_multiplier: float,
        branch_multiplier: float,
        branch_power: str,
    ) -> None:
        super().__init__()
        scale = branch_scale(branch_multiplier, branch_power, 2 * n_blocks)
        self.position = nn.Embedding(n_positions, width)
        self.blocks = nn.ModuleList(
            Block(
                Attention(width, n_heads, multiplier=attention_multiplier, is_causal=is_causal),
                FeedForward(width, mlp_ratio),
                scale,
            )
            for _ in range(n_blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, n_outputs, bias=False)

    @abstractmethod
    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs to the vectors [P, T, N] they are at each position, before the position is added."""

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """ffn1, ffn2, …: modules whose outputs are the MLPs' preactivations; final: the last LayerNorm."""
        mlps = [module for module in self.modules() if isinstance(module, FeedForward)]
        return {**{f"ffn{depth}": mlp.up for depth, mlp in enumerate(mlps, start=1)}, "final": self.norm}

    @property
    def attentions(self) -> tuple[Attention, ...]:
        """The attention of every block, in order of depth."""
        return tuple(module for module in self.modules() if isinstance(module, Attention))

    @property
    def queries(self) -> tuple[nn.Linear, ...]:
        """The query layers, in order of depth."""
        return tuple(attention.query for attention in self.attentions)

    def attention_maps(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return attention1, attention2, … → the attention [P, heads, T, T] each position pays to each."""
        maps = {}
        h = self._stream(x)
        for depth, (attention, block) in enumerate(zip(self.attentions, self.blocks, strict=True), start=1):
            maps[f"attention{depth}"] = attention.maps(h)
            h = block(h)
        return maps

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs to the final LayerNorm's output [P, T, N]."""
        h = self._stream(x)
        for block in self.blocks:
            h = block(h)
        return self.norm(h)

    def _stream(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs to the residual stream [P, T, N] at its start."""
        vectors = self.embed(x)
        return vectors + self.position(torch.arange(vectors.shape[1], device=vectors.device))
