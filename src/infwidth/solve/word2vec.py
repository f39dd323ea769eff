"""Word2vec at finite width and in its limits."""

from typing import TYPE_CHECKING

import pandas as pd

from infwidth.errors import SpecError, nearest
from infwidth.solve.records import Limit, Record

if TYPE_CHECKING:
    import numpy as np

    from infwidth.data.load import Data
    from infwidth.data.tokens import Questions, Tokens
    from infwidth.limits.word2vec.evaluation import Analogies, Classes

_SETTINGS = ("lr", "weight_decay", "window", "negative", "subsample", "epochs")


def rows(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return what CBOW embeddings learn from a text with questions, see :func:`learned`."""
    from infwidth.data.tokens import Corpus

    assert isinstance(data, Corpus), "the schema of cells asks for a text with questions here"
    return learned(limit, data.tokens, data.questions)


def learned(limit: Limit, data: "Tokens", questions: "Questions") -> pd.DataFrame:
    """Return what CBOW embeddings of one width learn from a text, for every seed.

    - ``width``: null is the μP limit (one run, of seed -1); the seeds 0 to ``n_seeds`` - 1 draw the initial embeddings
      of finite widths, everything else that is random is the same for all nets
    - ``lr``, ``weight_decay``, ``window``, ``negative``, ``subsample``, ``epochs``: the same at all widths
    - ``frozen`` (false by default): embeddings stay as they were drawn, as they do in the NTK and GP limits. With
      ``width`` null it is that limit itself: inner products are zero, and noise decides all questions
    - ``section`` (by default "city-in-state"): where the words of the two classes come from

    After every epoch (step, from 1; only 0 if frozen): ``accuracy``, the fraction of right answers to the analogies
    within the vocabulary, ``accuracy_semantic`` and ``accuracy_syntactic`` for the two kinds where there are any;
    ``loss`` (unless frozen), the mean of −log σ(±f) over held-out targets; ``separation`` of the two classes, where
    each has two words. After the last: ``similarity``, the cosine of pair number ``index`` of fixed frequent words, and
    ``pca_x``, ``pca_y`` for every word (layer) of class ``index`` (0 for a city, 1 for a state) on the plane of their
    first two principal components. At step 0 for seed -1: ``n_questions`` of each kind (layer).
    Raises SpecError for settings without meaning, an unknown section, and where the vocabulary holds no question.
    """
    from infwidth.limits.word2vec.evaluation import analogies, classes

    section = limit.get("section") or "city-in-state"
    if section not in questions:
        raise SpecError(f"word2vec: section '{section}' is unknown{nearest(section, questions)}")
    asked = analogies(questions, data.vocabulary)
    kinds = classes(questions[section], data.vocabulary)
    n_syntactic = int(asked.syntactic.sum())
    counts = {"semantic": len(asked.ids) - n_syntactic, "syntactic": n_syntactic}
    frames = [_frame([("n_questions", kind, -1, count) for kind, count in counts.items()], -1, 0)]
    if limit["width"] is None and limit.get("frozen"):
        return pd.concat([*frames, _frame(_of_noise(len(data.vocabulary), asked, kinds), -1, 0)], ignore_index=True)
    for seed in [-1] if limit["width"] is None else range(limit["n_seeds"]):
        frames += _of_net(limit, data, asked, kinds, seed)
    return pd.concat(frames, ignore_index=True)


def _of_net(limit: Limit, data: "Tokens", asked: "Analogies", kinds: "Classes", seed: int) -> list[pd.DataFrame]:
    from infwidth.limits.word2vec import training

    settings = training.Settings(**{name: limit[name] for name in _SETTINGS})
    net = training.initial_net(len(data.vocabulary), limit["width"], seed)
    if limit.get("frozen"):
        return [_frame([*_answers(net.u, asked, kinds), *_at_the_end(net.u, kinds)], seed, 0)]
    text = training.prepare(data.ids.numpy(), len(data.vocabulary), settings)
    frames = []
    for epoch, _ in enumerate(training.train(net, text, settings), start=1):
        loss: Record = ("loss", "", -1, training.held_out_loss(net, text))
        frames.append(_frame([loss, *_answers(net.u, asked, kinds)], seed, epoch))
    return [*frames, _frame(_at_the_end(net.u, kinds), seed, settings.epochs)]


def _answers(embeddings: "np.ndarray", asked: "Analogies", kinds: "Classes") -> list[Record]:
    """Return the accuracies and the separation of the classes."""
    from infwidth.limits.word2vec.evaluation import right_answers, separation

    right = right_answers(embeddings, asked)
    groups = {
        "accuracy": right,
        "accuracy_semantic": right[~asked.syntactic],
        "accuracy_syntactic": right[asked.syntactic],
    }
    records: list[Record] = [(metric, "", -1, float(group.mean())) for metric, group in groups.items() if len(group)]
    if kinds.comparable:
        records.append(("separation", "", -1, separation(embeddings[kinds.ids], kinds.labels)))
    return records


def _at_the_end(embeddings: "np.ndarray", kinds: "Classes") -> list[Record]:
    """Return the similarities and, where classes can be compared, the plane of their principal components."""
    from infwidth.limits.word2vec.evaluation import principal_components, similarities, word_pairs

    cosines = similarities(embeddings, word_pairs(len(embeddings)))
    records: list[Record] = [("similarity", "", i, float(cosine)) for i, cosine in enumerate(cosines)]
    if kinds.comparable:
        points = principal_components(embeddings[kinds.ids], kinds.labels)
        for word, label, (x, y) in zip(kinds.words, kinds.labels.tolist(), points.tolist(), strict=True):
            records += [("pca_x", word, label, x), ("pca_y", word, label, y)]
    return records


def _of_noise(n_words: int, asked: "Analogies", kinds: "Classes") -> list[Record]:
    """Return what holds for independent random embeddings of infinite width: any answer is as likely as any other."""
    from infwidth.limits.word2vec.evaluation import word_pairs

    present = {
        "accuracy": True,
        "accuracy_semantic": not asked.syntactic.all(),
        "accuracy_syntactic": asked.syntactic.any(),
    }
    records: list[Record] = [(metric, "", -1, 1 / (n_words - 3)) for metric, there in present.items() if there]
    if kinds.comparable:
        records.append(("separation", "", -1, 0.0))
    return records + [("similarity", "", i, 0.0) for i in range(len(word_pairs(n_words)))]


def _frame(records: list[Record], seed: int, step: int) -> pd.DataFrame:
    return pd.DataFrame(records, columns=["metric", "layer", "index", "value"]).assign(seed=seed, step=step)
