"""Training of word2vec nets of any width, all on the same sequence of examples.

Words, windows, subsampling and negatives come from streams that know the epoch only; a seed is that of u alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from infwidth.errors import SpecError
from infwidth.limits.word2vec import loops
from infwidth.seeding import numpy_stream

_HELD_OUT = 0.02  # of the words, at the end of the text
_EXAMPLES = 10_000  # of the held-out words that the loss is taken over, at most


@dataclass(frozen=True)
class Settings:
    """What is the same for all widths; the defaults are those of the code released with the paper for text8.

    ``window``: the most words to either side; ``negative``: negatives a centre word; ``subsample``: the threshold t, a
    word's frequency above which it is thinned out, 0 for never; ``epochs``: passes over the text; ``share``: of the
    rate, at which the embeddings u learn, 1/n in the NTK parametrization (u there has entries of order one and a
    multiplier n^-1/2 behind it; absorbed, its rate is n^-1).
    """

    lr: float = 0.05
    weight_decay: float = 1e-3
    window: int = 8
    negative: int = 25
    subsample: float = 1e-4
    epochs: int = 15
    share: float = 1.0

    def __post_init__(self) -> None:
        """Raise SpecError for what has no meaning."""
        for name in ("window", "negative", "epochs"):
            if getattr(self, name) < 1:
                raise SpecError(f"word2vec: {name} must be at least 1, not {getattr(self, name)}")
        for name in ("lr", "weight_decay", "subsample", "share"):
            if not getattr(self, name) >= 0:
                raise SpecError(f"word2vec: {name} must not be negative, it is {getattr(self, name)}")


class Net(NamedTuple):
    """Embeddings u (syn0) and output weights v (syn1neg), float32 [|V|, n] both."""

    u: np.ndarray
    v: np.ndarray


class Negatives(NamedTuple):
    """Alias table (Walker 1977) of a distribution on the words: draw a place i, take i or else alias[i].

    i is taken with probability ``threshold[i]``, float64 [|V|]; ``alias`` is int32 [|V|].
    """

    threshold: np.ndarray
    alias: np.ndarray


class Examples(NamedTuple):
    """Fixed examples to measure the loss on, int32: contexts [M, 2 window], targets [M, 1 + negatives]; -1 is unused.

    The first target is the centre word.
    """

    contexts: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Text:
    """Text to train on, int32 [N], and what is drawn from it.

    ``keep`` float64 [|V|]: the probability that a word is kept when it is read, (√(f/t) + 1) t/f for frequency f.
    ``negatives``: the distribution ∝ count^0.75. ``held_out``: examples from the last 2 % of the text.
    """

    ids: np.ndarray
    keep: np.ndarray
    negatives: Negatives
    held_out: Examples

    @property
    def n_words(self) -> int:
        """The size of the vocabulary."""
        return len(self.keep)


def initial_net(n_words: int, width: int | None, seed: int = 0) -> Net:
    """Return the net before training: u uniform with variance 1/width, or the identity for the limit (None); v = 0."""
    if width is None:
        u = np.eye(n_words, dtype=np.float32)
    else:
        rng = numpy_stream("init", "word2vec", width, seed)
        u = rng.random((n_words, width), dtype=np.float32)
        u -= np.float32(0.5)
        u *= np.float32((12 / width) ** 0.5)
    return Net(u, np.zeros_like(u))


def alias_table(weights: np.ndarray) -> Negatives:
    """Return the table of the distribution ∝ ``weights`` ≥ 0, [|V|] (Vose's algorithm)."""
    threshold = weights * (len(weights) / weights.sum())
    alias = np.arange(len(weights), dtype=np.int32)
    small, large = ([int(i) for i in np.flatnonzero(where)] for where in (threshold < 1, threshold >= 1))
    while small and large:
        poor, rich = small.pop(), large[-1]
        alias[poor] = rich
        threshold[rich] -= 1 - threshold[poor]
        if threshold[rich] < 1:
            small.append(large.pop())
    threshold[small + large] = 1.0  # what is left differs from 1 by rounding only
    return Negatives(threshold, alias)


def keep_probability(counts: np.ndarray, subsample: float) -> np.ndarray:
    """Return for each word the probability that subsampling keeps it, float64 [|V|]; all of them if it is 0."""
    if subsample == 0:
        return np.ones(len(counts))
    ratio = np.maximum(counts, 1) / (subsample * counts.sum())
    return np.minimum((np.sqrt(ratio) + 1) / ratio, 1.0)


def prepare(ids: np.ndarray, n_words: int, settings: Settings) -> Text:
    """Cut ``ids``, int32 [N], into text to train on and held-out examples, and count words in the former.

    Raises SpecError where no example can be held out.
    """
    n_train = len(ids) - max(int(_HELD_OUT * len(ids)), 1)
    train, rest = np.ascontiguousarray(ids[:n_train], np.int32), np.ascontiguousarray(ids[n_train:], np.int32)
    counts = np.bincount(train, minlength=n_words)
    keep, negatives = keep_probability(counts, settings.subsample), alias_table(counts**0.75)
    contexts = np.empty((_EXAMPLES, 2 * settings.window), np.int32)
    targets = np.empty((_EXAMPLES, 1 + settings.negative), np.int32)
    found = loops.draw_examples(rest, keep, *negatives, settings.window, contexts, targets, _state("evaluation", 0))
    if found == 0:
        raise SpecError(f"a text of {len(ids)} words is too short for word2vec: none of its last 2 % make a window")
    return Text(train, keep, negatives, Examples(contexts[:found].copy(), targets[:found].copy()))


def train(net: Net, text: Text, settings: Settings) -> Iterator[int]:
    """Train in place and yield the number of steps of every epoch as it ends."""
    for epoch in range(settings.epochs):
        yield loops.train_epoch(
            *net,
            text.ids,
            text.keep,
            *text.negatives,
            settings.window,
            settings.negative,
            settings.lr,
            settings.share,
            settings.weight_decay,
            epoch / settings.epochs,
            (epoch + 1) / settings.epochs,
            _state("order", epoch),
        )


def held_out_loss(net: Net, text: Text) -> float:
    """Return the mean of −log σ(±f) over all targets of the held-out examples; it is log 2 before training."""
    return float(loops.mean_loss(*net, *text.held_out))


def _state(role: str, epoch: int) -> np.ndarray:
    return numpy_stream(role, "word2vec", epoch).integers(0, 2**64, 1, dtype=np.uint64)
