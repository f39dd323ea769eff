"""Does the learning rate of a transformer of your own transfer? Small versions of it are trained over widths.

    cd examples
    ../run infwidth transfer-check check_transfer:study --cost
    ../run infwidth transfer-check check_transfer:study --to transfer_mup
    ../run infwidth transfer-check check_transfer:control --to transfer_sp

The text is the source of a module of Python, letter by letter: every net of a seed sees the same windows of it in the
same order. The second study is the same in PyTorch's own parametrization, where the best rate moves with the width.
"""

import argparse
import inspect
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.transfer import TransferStudy

LETTERS, CONTEXT, BATCH, HEAD = 128, 32, 16, 16


class Block(nn.Module):
    """Causal attention and a layer of hidden units, each behind a norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map [P, context, width] to the same."""
        parts = self.qkv(self.before_attention(x)).unflatten(-1, (3, -1, HEAD)).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(*parts, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.before_mlp(x))))


class LanguageModel(nn.Module):
    """Two blocks between an embedding of letters and a readout; wider nets have more heads of the same size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(LETTERS, width), nn.Embedding(CONTEXT, width)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.norm, self.readout = nn.LayerNorm(width), nn.Linear(width, LETTERS, bias=False)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Map letters [P, context] to logits [P, context, letters]."""
        x = self.letters(letters) + self.places(torch.arange(letters.shape[1]))
        return self.readout(self.norm(self.blocks(x)))


def batches(seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield windows of the text and what follows each letter in them, [batch, context] both."""
    text = torch.tensor([min(ord(letter), LETTERS - 1) for letter in inspect.getsource(argparse)])
    chance = torch.Generator().manual_seed(seed)
    while True:
        starts = torch.randint(len(text) - CONTEXT, (BATCH, 1), generator=chance)
        windows = text[starts + torch.arange(CONTEXT + 1)]
        yield windows[:, :-1], windows[:, 1:]


def loss(logits: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy over all letters."""
    return F.cross_entropy(logits.flatten(0, 1), following.flatten())


def study() -> TransferStudy:
    """Return the study in μP."""
    return TransferStudy(
        build_model=LanguageModel,
        batches=batches,
        loss=loss,
        widths=[16, 32, 64, 128],
        base_width=16,
        rates=[2.0**-k for k in range(10, 2, -1)],
        rule="mup",
        optimizer="adam",
        steps=100,
        seeds=4,
    )


def control() -> TransferStudy:
    """Return the same in PyTorch's parametrization."""
    return replace(study(), rule="sp")
