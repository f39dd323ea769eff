"""Prepared text for training, and the word analogies that test embeddings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from infwidth.data.record import read_array, read_json, read_record
from infwidth.data.words import SPLITS, UNKNOWN
from infwidth.errors import DataError, SpecError

Split = Literal["train", "valid", "test", "all"]

#: Questions (a, b, c, d), "a is to b as c is to d", by section.
Questions = dict[str, list[tuple[str, str, str, str]]]


@dataclass(frozen=True)
class Tokens:
    """Word ids int32 [n] and the words by id; ``sha256`` is that of the prepared data they come from."""

    ids: torch.Tensor
    vocabulary: tuple[str, ...]
    name: str
    sha256: str


def load_tokens(
    prepared_dir: Path,
    split: Split = "train",
    *,
    n_tokens: int | None = None,
    vocabulary_size: int | None = None,
    drop_unknown: bool = False,
) -> Tokens:
    """Load the text of one split, or of all three joined ("all"; for text8 and its like, that is the whole corpus).

    - ``n_tokens``: the first so many tokens only
    - ``vocabulary_size``: keep the most frequent words only, ``<unk>`` included; the rest become ``<unk>``
    - ``drop_unknown``: leave ``<unk>`` out of text and vocabulary, as word2vec does with rare words; it is done last,
      so that fewer than ``n_tokens`` tokens and ``vocabulary_size`` words may remain

    Raises SpecError for more tokens or words than there are, and DataError where there is no prepared text.
    """
    record = read_record(prepared_dir)
    if record["kind"] != "tokens":
        raise DataError(f"{prepared_dir} holds {record['kind']} ({record['name']}), not tokens")
    if split != "all" and split not in SPLITS:
        raise SpecError(f"split '{split}' is none of {', '.join(SPLITS)}, all")
    splits = SPLITS if split == "all" else (split,)
    ids = np.concatenate([read_array(prepared_dir, name)[:n_tokens] for name in splits])
    if n_tokens is not None and not 1 <= n_tokens <= len(ids):
        raise SpecError(f"{record['name']}: n_tokens is {n_tokens}; its '{split}' text has {len(ids)} tokens")
    ids = ids[:n_tokens].astype(np.int32)
    words: list[str] = read_json(prepared_dir, "vocabulary")
    if vocabulary_size is not None:
        if not 2 <= vocabulary_size <= len(words):
            raise SpecError(f"{record['name']}: vocabulary_size is {vocabulary_size}; it has {len(words)} words")
        if vocabulary_size < len(words):
            ids = np.minimum(ids, vocabulary_size - 1)
            words = [*words[: vocabulary_size - 1], UNKNOWN]
    if drop_unknown and words[-1] == UNKNOWN:
        ids = ids[ids != len(words) - 1]
        words = words[:-1]
    return Tokens(torch.from_numpy(ids), tuple(words), record["name"], record["sha256"])


@dataclass(frozen=True)
class Windows:
    """Text as examples: x int32 [P, T] ids, y int32 [P, T] the ids that follow them, cut end to end from each split.

    ``n_classes`` is the size of the vocabulary. The tensors are views of the text; nothing is copied.
    """

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor
    n_classes: int
    name: str
    sha256: str


def load_windows(
    prepared_dir: Path,
    *,
    context: int,
    vocabulary_size: int | None = None,
    train_windows: int | None = None,
    test_windows: int | None = None,
) -> Windows:
    """Load the first ``train_windows`` and ``test_windows`` windows of ``context`` words (by default all there are).

    The words beyond the ``vocabulary_size`` most frequent are ``<unk>``, which is learned and predicted like any other.
    Raises SpecError for more windows or words than there are, and DataError where there is no prepared text.
    """
    parts = {}
    for split, count in (("train", train_windows), ("test", test_windows)):
        text = load_tokens(prepared_dir, "train" if split == "train" else "test", vocabulary_size=vocabulary_size)
        there = (len(text.ids) - 1) // context
        if not 1 <= (there if count is None else count) <= there:
            raise SpecError(
                f"{text.name}: {split}_windows is {count}; its {split} text of {len(text.ids)} words holds {there}"
                f" windows of {context} words and their successors"
            )
        size = context * (count or there)
        parts[split] = (text.ids[:size].view(-1, context), text.ids[1 : size + 1].view(-1, context))
    (x_train, y_train), (x_test, y_test) = parts["train"], parts["test"]
    return Windows(x_train, y_train, x_test, y_test, len(text.vocabulary), text.name, text.sha256)


def load_analogies(prepared_dir: Path) -> Questions:
    """Return the questions (a, b, c, d), "a is to b as c is to d", by section; raises DataError if there are none."""
    record = read_record(prepared_dir)
    if record["kind"] != "analogies":
        raise DataError(f"{prepared_dir} holds {record['kind']} ({record['name']}), not analogies")
    sections = read_json(prepared_dir, "questions")
    return {section: [(a, b, c, d) for a, b, c, d in questions] for section, questions in sections.items()}


class Corpus(NamedTuple):
    """A text and the word analogies that test embeddings learned from it."""

    tokens: Tokens
    questions: Questions

    @property
    def name(self) -> str:
        """The text's name."""
        return self.tokens.name

    @property
    def sha256(self) -> str:
        """That of the prepared text."""
        return self.tokens.sha256


def load_corpus(prepared_dir: Path, *, questions: Path, **options: Any) -> Corpus:
    """Load a text, with the options of :func:`load_tokens`, and the analogies in the folder ``questions``."""
    return Corpus(load_tokens(prepared_dir, **options), load_analogies(questions))
