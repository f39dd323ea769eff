"""Word2vec at finite width and in its limits."""

from typing import TYPE_CHECKING, ClassVar, Literal

from infwidth.errors import SpecError, nearest
from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, NotNegative, Positive, Text, Width, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import numpy as np

    from infwidth.data.tokens import Corpus
    from infwidth.limits.word2vec.evaluation import Analogies, Classes

_SETTINGS = ("lr", "weight_decay", "window", "negative", "subsample", "epochs")


class Spec(Computation):
    """CBOW embeddings of one width.

    - ``width``: null is the μP limit (one run, of seed -1); the seeds 0 to ``n_seeds`` - 1 draw the initial embeddings
      of finite widths, everything else that is random is the same for all nets
    - ``lr``, ``weight_decay``, ``window``, ``negative``, ``subsample``, ``epochs``: the same at all widths
    - ``rule``: ``mup``, or ``ntk``, in which embeddings learn at 1/width of the rate. With ``width`` null that is the
      NTK limit, whose embeddings stay as they were drawn: inner products are zero, and noise decides all questions
    - ``frozen``: embeddings stay as they were drawn at finite width too, and nothing learns
    - ``section`` of the analogies: where the words of the two classes come from
    """

    name: Literal["word2vec"]
    width: Width | None
    lr: Positive
    weight_decay: NotNegative
    window: Count
    negative: Count
    subsample: NotNegative
    epochs: Count
    n_seeds: Count
    rule: Literal["mup", "ntk"] = unsaid("mup")
    frozen: bool = unsaid(False)
    section: Text = "city-in-state"
    takes: ClassVar = (blocks.Corpus,)


def rows(spec: Spec, data: "Corpus") -> Rows:
    """Return what the embeddings learn from a text, for every seed.

    After every epoch (step, from 1; 0 alone where nothing learns): ``accuracy``, the fraction of right answers to the
    analogies within the vocabulary, ``accuracy_semantic`` and ``accuracy_syntactic`` for the two kinds where there are
    any; ``loss`` (of what learns), the mean of −log σ(±f) over held-out targets; ``separation`` of the two
    classes, where each has two words. After the last: ``similarity``, the cosine of pair number ``index`` of fixed
    frequent words, and ``pca_x``, ``pca_y`` for every word (layer) of class ``index`` (0 for a city, 1 for a state) on
    the plane of their first two principal components. At step 0 for seed -1: ``n_questions`` of each kind (layer).
    Raises SpecError for an unknown section, and where the vocabulary holds no question.
    """
    from infwidth.limits.word2vec.evaluation import analogies, classes

    vocabulary, questions = data.tokens.vocabulary, data.questions
    if spec.section not in questions:
        raise SpecError(f"word2vec: section '{spec.section}' is unknown{nearest(spec.section, questions)}")
    asked = analogies(questions, vocabulary)
    kinds = classes(questions[spec.section], vocabulary)
    n_syntactic = int(asked.syntactic.sum())
    out = Rows(spec.lr)
    out.add(0, "n_questions", len(asked.ids) - n_syntactic, layer="semantic")
    out.add(0, "n_questions", n_syntactic, layer="syntactic")
    if spec.width is None and (spec.frozen or spec.rule == "ntk"):
        _add_noise(out, len(vocabulary), asked, kinds)
        return out
    for out.seed in [-1] if spec.width is None else range(spec.n_seeds):
        _add_net(out, spec, data, asked, kinds)
    return out


def _add_net(out: Rows, spec: Spec, data: "Corpus", asked: "Analogies", kinds: "Classes") -> None:
    """Add what the net of the seed of ``out`` learns."""
    from infwidth.limits.word2vec import training

    n_words = len(data.tokens.vocabulary)
    share = 1.0 if spec.width is None or spec.rule == "mup" else 1.0 / spec.width
    settings = training.Settings(**{name: getattr(spec, name) for name in _SETTINGS}, share=share)
    net = training.initial_net(n_words, spec.width, out.seed)
    if spec.frozen:
        _add_answers(out, 0, net.u, asked, kinds)
        _add_last(out, 0, net.u, kinds)
        return
    text = training.prepare(data.tokens.ids.numpy(), n_words, settings)
    for epoch, _ in enumerate(training.train(net, text, settings), start=1):
        out.add(epoch, "loss", training.held_out_loss(net, text))
        _add_answers(out, epoch, net.u, asked, kinds)
    _add_last(out, settings.epochs, net.u, kinds)


def _add_answers(out: Rows, step: int, embeddings: "np.ndarray", asked: "Analogies", kinds: "Classes") -> None:
    """Add the accuracies and the separation of the classes."""
    from infwidth.limits.word2vec.evaluation import right_answers, separation

    right = right_answers(embeddings, asked)
    groups = {
        "accuracy": right,
        "accuracy_semantic": right[~asked.syntactic],
        "accuracy_syntactic": right[asked.syntactic],
    }
    for metric, group in groups.items():
        if len(group):
            out.add(step, metric, group.mean())
    if kinds.comparable:
        out.add(step, "separation", separation(embeddings[kinds.ids], kinds.labels))


def _add_last(out: Rows, step: int, embeddings: "np.ndarray", kinds: "Classes") -> None:
    """Add the similarities and, where classes can be compared, the plane of their principal components."""
    from infwidth.limits.word2vec.evaluation import principal_components, similarities, word_pairs

    out.add(step, "similarity", similarities(embeddings, word_pairs(len(embeddings))))
    if kinds.comparable:
        points = principal_components(embeddings[kinds.ids], kinds.labels)
        for word, label, (x, y) in zip(kinds.words, kinds.labels.tolist(), points.tolist(), strict=True):
            out.add(step, "pca_x", x, layer=word, index=label)
            out.add(step, "pca_y", y, layer=word, index=label)


def _add_noise(out: Rows, n_words: int, asked: "Analogies", kinds: "Classes") -> None:
    """Add what holds for independent random embeddings of infinite width: any answer is as likely as any other."""
    from infwidth.limits.word2vec.evaluation import word_pairs

    present = {
        "accuracy": True,
        "accuracy_semantic": not asked.syntactic.all(),
        "accuracy_syntactic": asked.syntactic.any(),
    }
    for metric, is_present in present.items():
        if is_present:
            out.add(0, metric, 1 / (n_words - 3))
    if kinds.comparable:
        out.add(0, "separation", 0.0)
    out.add(0, "similarity", [0.0] * len(word_pairs(n_words)))
