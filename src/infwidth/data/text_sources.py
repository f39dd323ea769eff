"""From each source of text to token ids: train, valid, test and the vocabulary.

Word level throughout. A word's id is its rank by count over the whole corpus, all splits together (ties in
alphabetical order), so that the first V ids are the V most frequent words. Words seen fewer than ``min_count`` times
become ``<unk>``, which, wherever it occurs, has the last id. Ids are uint16 where they fit, otherwise int32.
"""

import bz2
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from infwidth.data.archives import members
from infwidth.data.arrays import save
from infwidth.data.record import write_json
from infwidth.data.sources import SourceFinder
from infwidth.data.user_files import check_text
from infwidth.data.words import SPLITS, UNKNOWN
from infwidth.errors import DataError, SpecError

END_OF_LINE = "<eos>"
_HELD_OUT = 0.05  # of a corpus without official splits: its last tokens, once for valid and once for test
_FEWEST = 3  # words of a corpus
_BLOCK = 1 << 24
_SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"


def _encode(lines: Iterable[list[str]], index: dict[str, int]) -> np.ndarray:
    """Give each word the next free number in ``index`` at first sight; return the numbers."""
    blocks = [np.fromiter((index.setdefault(word, len(index)) for word in words), np.int32) for words in lines]
    return np.concatenate(blocks) if blocks else np.empty(0, np.int32)


def _write_tokens(folder: Path, splits: dict[str, np.ndarray], index: dict[str, int], min_count: int) -> None:
    """Rank the words that ``index`` numbered in order of appearance and write ids and vocabulary."""
    if min_count < 1:
        raise SpecError(f"min_count is {min_count}; it is the fewest times a word has to be seen, 1 or more")
    counts = sum(np.bincount(ids, minlength=len(index)) for ids in splits.values())
    words = list(index)
    kept = [i for i in np.flatnonzero(np.asarray(counts) >= min_count).tolist() if words[i] != UNKNOWN]
    kept.sort(key=lambda i: (-int(counts[i]), words[i]))  # type: ignore[index]
    rank = np.full(len(index), len(kept))
    rank[kept] = np.arange(len(kept))
    vocabulary = [words[i] for i in kept] + ([UNKNOWN] if len(kept) < len(words) else [])
    dtype = np.uint16 if len(vocabulary) <= 1 << 16 else np.int32
    for split, ids in splits.items():
        save(folder / f"{split}.npy", rank.astype(dtype)[ids])
    write_json(folder / "vocabulary.json", vocabulary)


def _cut(ids: np.ndarray) -> dict[str, np.ndarray]:
    """Cut a corpus without official splits; the three parts joined in order are the corpus."""
    held_out = int(len(ids) * _HELD_OUT)
    return dict(zip(SPLITS, np.split(ids, [len(ids) - 2 * held_out, len(ids) - held_out]), strict=True))


def wikitext(finder: SourceFinder, folder: Path, *, min_count: int = 1) -> None:
    """WikiText: prepared {train,valid,test}.txt, or the official zip; every line ends in ``<eos>``, as is usual."""
    if paths := finder.prepared():
        texts = [check_text(path.read_bytes(), str(path)) for path in paths]
        places = [str(path) for path in paths]
    else:
        path = finder.official()
        found = {Path(name).name: content for name, content in members(path, lambda name: name.endswith(".tokens"))}
        files = [f"wiki.{split}.tokens" for split in SPLITS]
        if missing := [name for name in files if name not in found]:
            raise DataError(f"{path.name} lacks {', '.join(missing)}")
        texts = [check_text(found[name], f"{path}: {name}") for name in files]
        places = [f"{path}: {name}" for name in files]
    for text, place in zip(texts, places, strict=True):
        if not text or text.isspace():
            raise DataError(f"{place} holds no words")
    index: dict[str, int] = {}
    splits = {
        split: _encode(([*line.split(), END_OF_LINE] for line in io.StringIO(text)), index)
        for split, text in zip(SPLITS, texts, strict=True)
    }
    _write_tokens(folder, splits, index, min_count)


def running_text(finder: SourceFinder, folder: Path, *, min_count: int = 5) -> None:
    """text8 and its like: one line of words separated by spaces, without official splits."""
    if paths := finder.prepared():
        with paths[0].open("rb") as stream:
            _write_running_text(stream, str(paths[0]), folder, min_count)
        return
    path = finder.official()
    contents = [content for _, content in members(path, lambda name: True)]
    if len(contents) != 1:
        raise DataError(f"{path.name} holds {len(contents)} files instead of one")
    source = finder.sources[0]
    if (published := source.content) and finder.is_published(path, source):
        algorithm, expected = published.split(":")
        if (got := hashlib.new(algorithm, contents[0]).hexdigest()) != expected:
            raise DataError(f"the text in {path} has {algorithm} {got}, not the published {expected}: get it again")
    _write_running_text(io.BytesIO(contents[0]), str(path), folder, min_count)


def _write_running_text(stream: IO[bytes], where: str, folder: Path, min_count: int) -> None:
    index: dict[str, int] = {}
    ids = _encode(_words_by_block(stream, where), index)
    if len(ids) < _FEWEST:
        raise DataError(f"{where} holds {len(ids)} words; a text has {_FEWEST} or more, of which {_HELD_OUT:.0%} test")
    _write_tokens(folder, _cut(ids), index, min_count)


def _words_by_block(stream: IO[bytes], where: str) -> Iterator[list[str]]:
    """Split a text of any length at white space, a block at a time; a word across two blocks stays one word."""
    rest, before = b"", 0
    while block := stream.read(_BLOCK):
        head, space, rest = (rest + block).rpartition(b" ")
        yield check_text(head + space, where, before=before).split()
        before += len(head + space)
    yield check_text(rest, where, before=before).split()


def wikipedia_sample(finder: SourceFinder, folder: Path, *, min_count: int = 1) -> None:
    """The articles (redirects left out) of the Wikipedia dump inside gensim, without markup, lower case."""
    from gensim.corpora import wikicorpus
    from gensim.test.utils import datapath

    dump = finder.embedded("gensim", Path(datapath(_SAMPLE)))
    with bz2.open(dump) as stream:
        articles = [
            wikicorpus.tokenize(wikicorpus.filter_wiki(text), token_min_len=1)
            for _, text, _ in wikicorpus.extract_pages(stream)
            if not text.lstrip().lower().startswith("#redirect")
        ]
    index: dict[str, int] = {}
    ids = _encode(articles, index)
    _write_tokens(folder, _cut(ids), index, min_count)


def analogies(finder: SourceFinder, folder: Path) -> None:
    """The questions inside gensim, as {section: [[a, b, c, d], …]}: a is to b as c is to d."""
    from gensim.test.utils import datapath

    path = finder.embedded("gensim", Path(datapath("questions-words.txt")))
    questions: dict[str, list[list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(": "):
            section = questions.setdefault(line.removeprefix(": "), [])
        elif len(words := line.split()) == 4:
            section.append(words)
        else:
            raise DataError(f"{path.name}: '{line}' is neither a section (': name') nor four words")
    write_json(folder / "questions.json", questions)
