"""Word2vec: sampling, the initial embeddings, what embeddings are asked, and the rows."""

import numpy as np
import pandas as pd
import pytest
import torch

from builders import computed
from infwidth.data.tokens import Corpus, Questions, Tokens
from infwidth.errors import SpecError
from infwidth.limits.word2vec import evaluation, loops, training

COUNTS = np.array([1000, 300, 100, 0, 10])


def table() -> training.Negatives:
    return training.alias_table(COUNTS**0.75)


def test_negatives_follow_the_counts_to_the_three_quarters() -> None:
    threshold, alias = table()
    exact = (threshold + np.bincount(alias, 1 - threshold, minlength=5)) / 5
    expected = COUNTS**0.75 / (COUNTS**0.75).sum()
    assert np.abs(exact - expected).max() < 1e-12

    # Negatives as they are drawn, for a centre word that is never one of them.
    sentence, state = np.array([3, 0], np.int32), np.array([1], np.uint64)
    context, targets = np.empty(2, np.int32), np.empty(40_001, np.int32)
    _, n_targets = loops.draw_example(sentence, 2, 0, 1, 40_000, threshold, alias, context, targets, state)
    assert n_targets == 40_001
    frequencies = np.bincount(targets[1:], minlength=5) / 40_000
    assert np.abs(frequencies - expected).max() < 5 * 0.5 / 200


def test_a_negative_that_is_the_centre_word_is_left_out() -> None:
    sentence, state = np.array([0, 1], np.int32), np.array([1], np.uint64)
    context, targets = np.empty(2, np.int32), np.empty(1001, np.int32)
    _, n_targets = loops.draw_example(sentence, 2, 0, 1, 1000, *table(), context, targets, state)
    assert 0 < n_targets - 1 < 500  # word 0 is more than half of all draws
    assert 0 not in targets[1:n_targets]


def test_windows_reach_evenly_from_one_word_to_the_widest() -> None:
    sentence, state = np.arange(5).repeat(4).astype(np.int32), np.array([7], np.uint64)
    context, targets = np.empty(16, np.int32), np.empty(2, np.int32)
    sizes = [loops.draw_example(sentence, 20, 10, 8, 1, *table(), context, targets, state)[0] // 2 for _ in range(8000)]
    counts = np.bincount(sizes, minlength=9)[1:]
    assert counts.sum() == 8000
    assert np.abs(counts - 1000).max() < 150
    n_context, _ = loops.draw_example(sentence, 20, 0, 8, 1, *table(), context, targets, state)
    assert context[:n_context].tolist() == sentence[1 : n_context + 1].tolist()  # the window is cut at the ends


def test_subsampling_keeps_the_expected_fraction() -> None:
    keep = training.keep_probability(COUNTS, 0.01)
    frequency = 1000 / 1410
    assert keep[0] == pytest.approx((np.sqrt(frequency / 0.01) + 1) * 0.01 / frequency)
    assert keep[4] == 1
    assert (training.keep_probability(COUNTS, 0.0) == 1).all()
    ids, state = np.zeros(20_000, np.int32), np.array([3], np.uint64)
    kept, position = loops.read_sentence(ids, 0, keep, np.empty(20_000, np.int32), state)
    assert position == 20_000
    assert kept / 20_000 == pytest.approx(keep[0], abs=5 * 0.5 / 141)


def test_sentences_end_when_they_are_full() -> None:
    ids = np.arange(10, dtype=np.int32) % 5
    sentence, state = np.empty(4, np.int32), np.array([3], np.uint64)
    assert loops.read_sentence(ids, 8, np.ones(5), sentence, state) == (2, 10)
    assert loops.read_sentence(ids, 3, np.ones(5), sentence, state) == (4, 7)
    assert sentence.tolist() == [3, 4, 0, 1]


def test_initial_embeddings_are_uniform_of_variance_one_over_n() -> None:
    u, v = training.initial_net(500, 64, seed=3)
    assert u.dtype == np.float32
    assert np.abs(u).max() <= np.sqrt(3 / 64) * 1.0001
    assert u.var() * 64 == pytest.approx(1, abs=0.02)
    assert abs(u.mean()) < 0.001
    assert not v.any()
    assert np.array_equal(training.initial_net(6, None).u, np.eye(6))


WORDS = ("the", "Paris", "France", "Rome", "Italy", "Oslo", "Norway", "big", "bigger", "low", "lower", "and")
PAIRS = [("paris", "france"), ("rome", "italy"), ("oslo", "norway")]
QUESTIONS: Questions = {
    "city-in-state": [(*p, *q) for p in PAIRS for q in PAIRS if p != q],
    "gram3-comparative": [("big", "bigger", "low", "lower"), ("big", "bigger", "cold", "colder")],
}


def planted() -> np.ndarray:
    """Embeddings whose analogies are exact: a direction for each pair, one for each relation."""
    e = np.zeros((len(WORDS), 10))
    for word in range(1, 11):
        e[word, (word - 1) // 2] = 1
        if word % 2 == 0:
            e[word, 5 + word // 7] = 1
    e[0, 8] = e[11, 9] = 1
    return e


def test_planted_analogies_are_all_answered_right() -> None:
    asked = evaluation.analogies(QUESTIONS, WORDS)
    assert len(asked.ids) == 7  # "cold" is not in the vocabulary
    assert asked.syntactic.tolist() == [False] * 6 + [True]
    assert evaluation.right_answers(planted(), asked).all()
    wrong = planted()
    wrong[[2, 4]] = wrong[[4, 2]]  # Rome is not in France, and Paris not in Italy
    assert not evaluation.right_answers(wrong, asked)[[0, 2]].any()


def test_answers_do_not_depend_on_the_size_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = evaluation.analogies(QUESTIONS, WORDS)
    e = np.random.default_rng(0).standard_normal((12, 4))
    whole = evaluation.right_answers(e, asked)
    monkeypatch.setattr(evaluation, "_CHUNK", 20)
    assert np.array_equal(evaluation.right_answers(e, asked), whole)


def test_random_embeddings_answer_one_question_in_v_minus_3() -> None:
    vocabulary = [str(i) for i in range(10)]
    rng = np.random.default_rng(0)
    asked = evaluation.analogies(
        {"x": [tuple(map(str, rng.permutation(10)[:4].tolist())) for _ in range(2000)]}, vocabulary
    )
    right = [evaluation.right_answers(rng.standard_normal((10, 100)), asked).mean() for _ in range(30)]
    assert np.mean(right) == pytest.approx(1 / 7, abs=0.02)


def test_separation_is_zero_for_orthogonal_words_and_large_for_two_clusters() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    assert evaluation.separation(np.eye(5), labels) == pytest.approx(0, abs=1e-14)
    clusters = np.eye(2)[labels] + 0.01 * np.random.default_rng(0).standard_normal((5, 2))
    assert evaluation.separation(clusters, labels) > 1000
    assert np.isnan(evaluation.separation(np.eye(5), np.array([0, 1, 1, 1, 1])))


def test_principal_components_keep_distances_in_a_plane_and_the_sides_of_the_classes() -> None:
    angles = np.array([0.0, 0.2, 0.4, 1.0, 1.2])
    e = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    labels = np.array([0, 0, 1, 1, 1])
    points = evaluation.principal_components(3 * e, labels)
    lengths = np.linalg.norm(points[:, None] - points, axis=2)
    assert np.abs(lengths - np.linalg.norm(e[:, None] - e, axis=2)).max() < 1e-12
    assert (points[labels == 1].mean(axis=0) >= points[labels == 0].mean(axis=0)).all()
    assert np.isnan(evaluation.principal_components(e * np.nan, labels)).all()


def test_classes_are_the_two_sides_of_a_section_without_words_on_both() -> None:
    section = [("paris", "france", "rome", "italy"), ("rome", "italy", "france", "paris"), ("oslo", "norway", "x", "y")]
    found = evaluation.classes(section, WORDS)
    assert found.words == ("Rome", "Italy", "Oslo", "Norway")
    assert found.labels.tolist() == [0, 1, 0, 1]


def test_pairs_are_fixed_and_of_different_words() -> None:
    pairs = evaluation.word_pairs(1000)
    assert np.array_equal(pairs, evaluation.word_pairs(5000))
    assert pairs.shape == (200, 2)
    assert pairs.max() < 500
    assert (pairs[:, 0] != pairs[:, 1]).all()


LIMIT = {
    "name": "word2vec",
    "width": 16,
    "lr": 0.05,
    "weight_decay": 0.001,
    "window": 8,
    "negative": 5,
    "subsample": 0.0,
    "epochs": 2,
    "n_seeds": 2,
}


@pytest.fixture
def tokens() -> Tokens:
    ids = np.random.default_rng(0).integers(0, 12, 3000).astype(np.int32)
    return Tokens(torch.from_numpy(ids), WORDS, "synthetic", "")


def test_rows_of_a_finite_width(tokens: Tokens) -> None:
    found = computed(Corpus(tokens, QUESTIONS), **LIMIT)
    curves = found[found.metric == "accuracy"]
    assert curves[["seed", "step"]].values.tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]
    assert set(found.metric) == {
        *("n_questions", "accuracy", "accuracy_semantic", "accuracy_syntactic", "loss", "separation"),
        *("similarity", "pca_x", "pca_y"),
    }
    words = found[(found.metric == "pca_x") & (found.seed == 0)]
    assert words.layer.tolist() == list(WORDS[1:7])
    assert words["index"].tolist() == [0, 1, 0, 1, 0, 1]
    assert (found[found.metric == "similarity"].step == 2).all()
    assert found[found.metric == "n_questions"].value.tolist() == [6, 1]
    pd.testing.assert_frame_equal(found, computed(Corpus(tokens, QUESTIONS), **LIMIT))


def test_rows_of_the_limit_are_one_run(tokens: Tokens) -> None:
    found = computed(Corpus(tokens, QUESTIONS), **{**LIMIT, "width": None})
    assert (found.seed == -1).all()
    assert found[found.metric == "loss"].step.tolist() == [1, 2]


def test_embeddings_in_the_ntk_parametrization_move_less_the_wider_and_in_its_limit_not_at_all(tokens: Tokens) -> None:
    limit = computed(Corpus(tokens, QUESTIONS), **{**LIMIT, "width": None, "rule": "ntk"})
    assert limit[limit.metric == "accuracy"].value.tolist() == [1 / 9]
    assert (limit[limit.metric.isin(["similarity", "separation"])].value == 0).all()
    wide = computed(Corpus(tokens, QUESTIONS), **{**LIMIT, "width": 4096, "rule": "ntk"})
    assert wide[wide.metric == "loss"].value.max() < np.log(2)  # the output weights do learn
    assert wide[wide.metric == "similarity"].value.abs().max() < 0.1
    assert wide[wide.metric == "separation"].value.abs().max() < 0.1
    frozen = computed(Corpus(tokens, QUESTIONS), **{**LIMIT, "width": 4096, "frozen": True})
    assert "loss" not in set(frozen.metric)
    assert (frozen.step == 0).all()
    apart = wide[wide.metric == "similarity"].value.to_numpy() - frozen[frozen.metric == "similarity"].value.to_numpy()
    assert 0 < np.abs(apart).max() < 0.01  # the same draws, hardly moved
    narrow, in_mup = (computed(Corpus(tokens, QUESTIONS), **{**LIMIT, "rule": rule}) for rule in ("ntk", "mup"))
    assert not np.array_equal(narrow[narrow.metric == "similarity"].value, in_mup[in_mup.metric == "similarity"].value)


def test_a_vocabulary_without_any_question_is_refused(tokens: Tokens) -> None:
    small = Tokens(tokens.ids, tuple("abcdefghijkl"), "synthetic", "")
    with pytest.raises(SpecError, match=r"vocabulary too small for the analogies: none of the 8 questions"):
        computed(Corpus(small, QUESTIONS), **LIMIT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "window: 0: must be a whole number from 1"),
        ({"epochs": 0}, "epochs: 0: must be a whole number from 1"),
        ({"subsample": -1.0}, "subsample: -1.0: must be a number from 0"),
        ({"section": "city-in-stat"}, "did you mean 'city-in-state'"),
    ],
)
def test_settings_without_meaning_are_refused(tokens: Tokens, change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        computed(Corpus(tokens, QUESTIONS), **{**LIMIT, **change})


def test_a_text_too_short_to_hold_anything_out_is_refused() -> None:
    with pytest.raises(SpecError, match="too short for word2vec"):
        training.prepare(np.zeros(20, np.int32), 5, training.Settings())
