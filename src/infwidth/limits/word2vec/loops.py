"""The compiled loops of word2vec: drawing windows and negatives, one SGD step, one epoch, the loss.

They are all in this file, so that what numba keeps of them on disk is compiled anew when it changes. Every function
takes arrays of any floating type; those that draw advance ``state``, uint64 [1], the state of a splitmix64 generator.
"""

import math

import numpy as np
from numba import njit

SENTENCE = 1000  # words; windows do not reach beyond it
_REORDER = {"reassoc", "contract", "nsz"}  # lets sums run over SIMD lanes, keeps infinities and NaN

_GOLDEN, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_UNIT = 2.0**-32


@njit(cache=True)
def draw(state: np.ndarray) -> np.uint64:
    """Return 64 random bits (splitmix64: Steele, Lea & Flood 2014)."""
    state[0] += _GOLDEN
    z = state[0]
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@njit(cache=True)
def read_sentence(
    ids: np.ndarray, position: int, keep: np.ndarray, sentence: np.ndarray, state: np.ndarray
) -> tuple[int, int]:
    """Fill ``sentence`` with words of ``ids`` from ``position`` on, each kept with probability ``keep[word]``.

    Returns the number of words kept and the position that follows.
    """
    length = 0
    while position < len(ids) and length < len(sentence):
        word = ids[position]
        position += 1
        if (draw(state) >> _32) * _UNIT < keep[word]:
            sentence[length] = word
            length += 1
    return length, position


@njit(cache=True)
def draw_example(
    sentence: np.ndarray,
    length: int,
    centre: int,
    window: int,
    negative: int,
    threshold: np.ndarray,
    alias: np.ndarray,
    context: np.ndarray,
    targets: np.ndarray,
    state: np.ndarray,
) -> tuple[int, int]:
    """Draw a window around word number ``centre`` and its negatives; return how many context words and targets.

    The window reaches 1 to ``window`` words to both sides. ``targets[0]`` is the centre word; a negative that is the
    centre word too is left out, not drawn again. ``threshold`` and ``alias`` are the table of the negatives.
    """
    reach = window - int((draw(state) >> _32) % np.uint64(window))
    n_context = 0
    for i in range(max(centre - reach, 0), min(centre + reach + 1, length)):
        if i != centre:
            context[n_context] = sentence[i]
            n_context += 1
    targets[0] = sentence[centre]
    n_targets = 1
    n_words = np.uint64(len(threshold))
    for _ in range(negative):
        bits = draw(state)
        word = np.int64(((bits >> _32) * n_words) >> _32)
        if (bits & _LOW) * _UNIT >= threshold[word]:
            word = np.int64(alias[word])
        if word != targets[0]:
            targets[n_targets] = word
            n_targets += 1
    return n_context, n_targets


@njit(cache=True, fastmath=_REORDER)
def _mean_row(u: np.ndarray, context: np.ndarray, n_context: int, hidden: np.ndarray) -> None:
    width = hidden.shape[0]
    scale = hidden.dtype.type(1.0 / n_context)
    hidden[:] = 0.0
    for j in range(n_context):
        row = u[context[j]]
        for k in range(width):
            hidden[k] += row[k]
    for k in range(width):
        hidden[k] *= scale


@njit(cache=True, fastmath=_REORDER)
def _dot(x: np.ndarray, y: np.ndarray) -> float:
    total = x.dtype.type(0.0)
    for k in range(x.shape[0]):
        total += x[k] * y[k]
    return total


@njit(cache=True, fastmath=_REORDER)
def _step_target(row: np.ndarray, g: float, decay: float, hidden: np.ndarray, gradient: np.ndarray) -> None:
    for k in range(row.shape[0]):
        gradient[k] += g * row[k]
        row[k] = decay * row[k] + g * hidden[k]


@njit(cache=True, fastmath=_REORDER)
def _step_context(row: np.ndarray, scale: float, decay: float, gradient: np.ndarray) -> None:
    for k in range(row.shape[0]):
        row[k] = decay * row[k] + scale * gradient[k]


@njit(cache=True)
def step(
    u: np.ndarray,
    v: np.ndarray,
    context: np.ndarray,
    n_context: int,
    targets: np.ndarray,
    n_targets: int,
    lr: float,
    share: float,
    weight_decay: float,
    hidden: np.ndarray,
    gradient: np.ndarray,
) -> None:
    """Take one SGD step on −log σ(f) of ``targets[0]`` and −log σ(−f) of the others, in place.

    u, v are [|V|, n]; v learns at ``lr``, u at ``share`` of it; ``hidden`` and ``gradient`` [n] are room to work in.
    As in word2vec the targets are worked through one by one, and a row is decayed by 1 − rate · weight_decay each time
    that it is touched, and only then.
    """
    decay, decay_u = u.dtype.type(1.0 - lr * weight_decay), u.dtype.type(1.0 - lr * share * weight_decay)
    _mean_row(u, context, n_context, hidden)
    gradient[:] = 0.0
    for i in range(n_targets):
        row = v[targets[i]]
        label = 1.0 if i == 0 else 0.0
        g = u.dtype.type(lr * (label - 1.0 / (1.0 + math.exp(-_dot(row, hidden)))))
        _step_target(row, g, decay, hidden, gradient)
    scale = u.dtype.type(share / n_context)
    for j in range(n_context):
        _step_context(u[context[j]], scale, decay_u, gradient)


@njit(cache=True)
def train_epoch(
    u: np.ndarray,
    v: np.ndarray,
    ids: np.ndarray,
    keep: np.ndarray,
    threshold: np.ndarray,
    alias: np.ndarray,
    window: int,
    negative: int,
    lr: float,
    share: float,
    weight_decay: float,
    start: float,
    end: float,
    state: np.ndarray,
) -> int:
    """Train on all of ``ids`` in place, u at ``share`` of the rate; return the number of steps.

    The rate falls linearly in the words read, those left out included, to a floor of 10⁻⁴ ``lr``: it is (1 - start) lr
    at the first word and (1 - end) lr past the last, and constant within a sentence.
    """
    sentence = np.empty(SENTENCE, np.int32)
    context, targets = np.empty(2 * window, np.int32), np.empty(1 + negative, np.int32)
    hidden, gradient = np.empty(u.shape[1], u.dtype), np.empty(u.shape[1], u.dtype)
    position, steps = 0, 0
    while position < len(ids):
        now = lr * max(1.0 - start - (end - start) * position / len(ids), 1e-4)
        length, position = read_sentence(ids, position, keep, sentence, state)
        for centre in range(length):
            n_context, n_targets = draw_example(
                sentence, length, centre, window, negative, threshold, alias, context, targets, state
            )
            if n_context > 0:
                step(u, v, context, n_context, targets, n_targets, now, share, weight_decay, hidden, gradient)
                steps += 1
    return steps


@njit(cache=True)
def draw_examples(
    ids: np.ndarray,
    keep: np.ndarray,
    threshold: np.ndarray,
    alias: np.ndarray,
    window: int,
    contexts: np.ndarray,
    targets: np.ndarray,
    state: np.ndarray,
) -> int:
    """Fill ``contexts`` [M, 2 window] and ``targets`` [M, 1 + negatives] with the first examples of ``ids``.

    Unused places hold -1. Returns the number of examples, fewer than M where the text ends before.
    """
    sentence = np.empty(SENTENCE, np.int32)
    contexts[:], targets[:] = -1, -1
    position, found = 0, 0
    while position < len(ids):
        length, position = read_sentence(ids, position, keep, sentence, state)
        for centre in range(length):
            if found == len(contexts):
                return found
            n_context, _ = draw_example(
                sentence,
                length,
                centre,
                window,
                targets.shape[1] - 1,
                threshold,
                alias,
                contexts[found],
                targets[found],
                state,
            )
            if n_context > 0:
                found += 1
            else:
                targets[found] = -1
    return found


@njit(cache=True)
def mean_loss(u: np.ndarray, v: np.ndarray, contexts: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean of −log σ(±f) over all targets of the examples that :func:`draw_examples` drew."""
    hidden = np.empty(u.shape[1], u.dtype)
    total, count = 0.0, 0
    for i in range(len(contexts)):
        _mean_row(u, contexts[i], (contexts[i] >= 0).sum(), hidden)
        for t in range(targets.shape[1]):
            if targets[i, t] >= 0:
                f = float(_dot(v[targets[i, t]], hidden))
                margin = f if t == 0 else -f
                total += math.log1p(math.exp(-abs(margin))) + max(-margin, 0.0)
                count += 1
    return total / count
