"""What word embeddings know: analogies, similarities, and how far two kinds of words lie apart.

Embeddings are [|V|, n], one row a word; all that is here depends on their inner products only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from infwidth.errors import SpecError
from infwidth.seeding import numpy_stream

_CHUNK = 1 << 24  # scores at a time
_FREQUENT = 500  # words, of which pairs are drawn


@dataclass(frozen=True)
class Analogies:
    """Questions within the vocabulary: word ids [Q, 4], "a is to b as c is to d", and which of them are syntactic [Q].

    Syntactic are the sections whose name starts with "gram", as in word2vec, semantic are all others.
    """

    ids: np.ndarray
    syntactic: np.ndarray


class Classes(NamedTuple):
    """Words in two classes: ids [W] in order of frequency, their class 0 or 1 [W], the words."""

    ids: np.ndarray
    labels: np.ndarray
    words: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether both classes have two words or more."""
        return min(np.bincount(self.labels, minlength=2)) >= 2


def word_ids(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the id of every word in lower case, that of the most frequent spelling."""
    ids: dict[str, int] = {}
    for i, word in enumerate(vocabulary):
        ids.setdefault(word.lower(), i)
    return ids


def analogies(questions: Mapping[str, Sequence[tuple[str, str, str, str]]], vocabulary: Sequence[str]) -> Analogies:
    """Return the questions all of whose words are in the vocabulary, upper and lower case taken as one.

    Raises SpecError where there are none.
    """
    ids = word_ids(vocabulary)
    found, syntactic = [], []
    for section, of_section in questions.items():
        for question in of_section:
            places = [ids.get(word.lower(), -1) for word in question]
            if min(places) >= 0:
                found.append(places)
                syntactic.append(section.startswith("gram"))
    if not found:
        total = sum(map(len, questions.values()))
        raise SpecError(
            f"vocabulary too small for the analogies: none of the {total} questions has its four words among the"
            f" {len(vocabulary)} of the vocabulary; raise vocabulary_size"
        )
    return Analogies(np.array(found), np.array(syntactic))


def normalized(embeddings: np.ndarray) -> np.ndarray:
    """Divide every row by its norm; rows of zeros stay."""
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings / np.where(norms == 0, 1, norms)


def right_answers(embeddings: np.ndarray, questions: Analogies) -> np.ndarray:
    """Return for every question whether it is answered right, bool [Q].

    The answer is the word d of the whole vocabulary, a, b and c left out, with the largest <e_b - e_a + e_c, e_d> of
    normalized embeddings e. They meet in one product, [words of the questions, n] × [n, |V|].
    """
    e = normalized(embeddings)
    words, places = np.unique(questions.ids[:, :3], return_inverse=True)
    a, b, c = places.reshape(-1, 3).T
    products = e[words] @ e.T
    right = np.empty(len(questions.ids), bool)
    size = max(_CHUNK // len(e), 1)
    for start in range(0, len(right), size):
        part = slice(start, start + size)
        scores = products[b[part]] - products[a[part]] + products[c[part]]
        np.put_along_axis(scores, questions.ids[part, :3], -np.inf, axis=1)
        right[part] = scores.argmax(axis=1) == questions.ids[part, 3]
    return right


def word_pairs(n_words: int, n_pairs: int = 200) -> np.ndarray:
    """Return pairs of different words among the 500 most frequent, [n_pairs, 2], the same for all nets."""
    rng = numpy_stream("evaluation", "word2vec pairs")
    frequent = min(n_words, _FREQUENT)
    first = rng.integers(0, frequent, n_pairs)
    return np.stack([first, (first + rng.integers(1, frequent, n_pairs)) % frequent], axis=1)


def similarities(embeddings: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the cosine of the embeddings of each pair of words, [len(pairs)]."""
    return (normalized(embeddings[pairs[:, 0]]) * normalized(embeddings[pairs[:, 1]])).sum(axis=1)


def classes(questions: Sequence[tuple[str, str, str, str]], vocabulary: Sequence[str]) -> Classes:
    """Return the words of a section within the vocabulary.

    Of "a is to b as c is to d", a and c are in class 0, b and d in class 1. Words in both classes are left out.
    """
    ids = word_ids(vocabulary)
    kinds = tuple({ids.get(q[i].lower(), -1) for q in questions for i in (k, k + 2)} - {-1} for k in (0, 1))
    found = np.array(sorted(kinds[0] ^ kinds[1]), dtype=np.int64)
    labels = np.array([int(i in kinds[1]) for i in found.tolist()], dtype=np.int64)
    return Classes(found, labels, tuple(vocabulary[i] for i in found))


def separation(embeddings: np.ndarray, labels: np.ndarray) -> float:
    r"""Return how far apart two classes of words are, in units of the spread within them, in all n dimensions.

    It is ‖m_1 - m_0‖² / s² - 1/W_0 - 1/W_1, m_k the mean of the W_k normalized embeddings of class k and s² the sum of
    squared distances to the mean of their class over W_0 + W_1 - 2. Orthogonal vectors of any number give 0, and
    exchangeable ones nearly 0 in the mean; a large positive value means two well separated groups. NaN unless both
    classes have two words.
    """
    e = normalized(np.asarray(embeddings, np.float64))
    groups = [e[labels == k] for k in (0, 1)]
    if min(map(len, groups)) < 2:
        return float("nan")
    means = [group.mean(axis=0) for group in groups]
    scatter = sum(((group - mean) ** 2).sum() for group, mean in zip(groups, means, strict=True))
    distance = ((means[1] - means[0]) ** 2).sum() / (scatter / (len(e) - 2))
    return float(distance - sum(1 / len(group) for group in groups))


def principal_components(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the first two principal components of the normalized embeddings of the given words, [W, 2].

    Each is turned so that class 1 has the larger mean. All are NaN where an embedding is not finite.
    """
    if not np.isfinite(embeddings).all():
        return np.full((len(embeddings), 2), np.nan)
    e = normalized(np.asarray(embeddings, np.float64))
    left, singular, _ = np.linalg.svd(e - e.mean(axis=0), full_matrices=False)
    points = left[:, :2] * singular[:2]
    turn = points[labels == 1].mean(axis=0) < points[labels == 0].mean(axis=0)
    return points * np.where(turn, -1.0, 1.0)
