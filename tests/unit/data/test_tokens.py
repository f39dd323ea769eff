import json
from pathlib import Path

import numpy as np
import pytest
import torch

from infwidth.data.drawings import load_drawings
from infwidth.data.load import load_data
from infwidth.data.tokens import load_analogies, load_tokens, load_windows
from infwidth.errors import DataError, SpecError
from prepared import write_prepared

TEXT = {"train": [0, 1, 4, 2, 0, 3], "valid": [0, 4], "test": [1, 0, 2]}
ALL = [*TEXT["train"], *TEXT["valid"], *TEXT["test"]]
WORDS = ["the", "of", "in", "to", "<unk>"]


@pytest.fixture
def prepared(tmp_path) -> Path:
    ids = {split: np.array(of_split, np.uint16) for split, of_split in TEXT.items()}
    write_prepared(tmp_path, "tokens", vocabulary=WORDS, **ids)
    return tmp_path


def digest(folder: Path) -> str:
    return json.loads((folder / "record.json").read_text())["sha256"]


def test_a_split_and_all_of_them_joined(prepared):
    train = load_tokens(prepared)
    assert train.ids.dtype == torch.int32
    assert train.ids.tolist() == TEXT["train"]
    assert train.vocabulary == tuple(WORDS)
    assert (train.name, train.sha256) == ("toy", digest(prepared))
    assert load_tokens(prepared, "all").ids.tolist() == ALL


@pytest.mark.parametrize("n", [1, 6, 7, 11])
def test_the_first_tokens(n, prepared):
    assert load_tokens(prepared, "all", n_tokens=n).ids.tolist() == ALL[:n]


def test_a_smaller_vocabulary_keeps_the_most_frequent_words(prepared):
    tokens = load_tokens(prepared, vocabulary_size=3)
    assert tokens.vocabulary == ("the", "of", "<unk>")
    assert tokens.ids.tolist() == [0, 1, 2, 2, 0, 2]
    assert load_tokens(prepared, vocabulary_size=5).vocabulary == tuple(WORDS)


def test_unknown_words_can_be_left_out(prepared):
    tokens = load_tokens(prepared, vocabulary_size=4, drop_unknown=True)
    assert tokens.vocabulary == ("the", "of", "in")
    assert tokens.ids.tolist() == [0, 1, 2, 0]


def test_a_vocabulary_without_unknown_words_loses_nothing(prepared):
    write_prepared(prepared, "tokens", vocabulary=[*WORDS[:4], "and"])
    tokens = load_tokens(prepared, drop_unknown=True)
    assert tokens.ids.tolist() == TEXT["train"]
    assert len(tokens.vocabulary) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_tokens": 7}, "n_tokens is 7; its 'train' text has 6"),
        ({"n_tokens": 0}, "n_tokens is 0"),
        ({"vocabulary_size": 6}, "vocabulary_size is 6; it has 5 words"),
        ({"vocabulary_size": 1}, "vocabulary_size is 1"),
        ({"split": "dev"}, "split 'dev' is none of train, valid, test, all"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(options, message, prepared):
    with pytest.raises(SpecError, match=message):
        load_tokens(prepared, **options)


def test_analogies_are_questions_by_section(tmp_path):
    write_prepared(tmp_path, "analogies", questions={"capitals": [["Athens", "Greece", "Rome", "Italy"]]})
    assert load_analogies(tmp_path) == {"capitals": [("Athens", "Greece", "Rome", "Italy")]}


def test_drawings_are_tensors(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, (4, 28, 28)).astype(np.uint8)
    ones = np.ones(4, int)
    write_prepared(tmp_path, "drawings", x=x, label=np.arange(4), drawer=ones, background=ones.astype(bool))
    drawings = load_drawings(tmp_path)
    assert drawings.x.shape == (4, 1, 28, 28)
    assert drawings.x.dtype == torch.float32
    assert torch.equal(drawings.x[:, 0], torch.from_numpy(x).float())
    assert drawings.label.tolist() == [0, 1, 2, 3]
    assert drawings.background.all()


@pytest.mark.parametrize("load", [load_tokens, load_analogies, load_drawings])
def test_another_kind_of_data_is_named(load, tmp_path):
    write_prepared(tmp_path, "images")
    with pytest.raises(DataError, match="holds images"):
        load(tmp_path)


def test_windows_cut_each_split_end_to_end_and_know_what_follows(prepared):
    windows = load_windows(prepared, context=2, test_windows=1)
    assert windows.x_train.tolist() == [[0, 1], [4, 2]]
    assert windows.y_train.tolist() == [[1, 4], [2, 0]]
    assert (windows.x_test.tolist(), windows.y_test.tolist()) == ([[1, 0]], [[0, 2]])
    assert (windows.n_classes, windows.name, windows.sha256) == (len(WORDS), "toy", digest(prepared))
    assert windows.x_train.untyped_storage().data_ptr() == windows.y_train.untyped_storage().data_ptr()


def test_windows_of_few_words_end_in_unknown_ones(prepared):
    small = load_windows(prepared, context=2, vocabulary_size=3)
    assert small.n_classes == 3
    assert small.x_train.tolist() == [[0, 1], [2, 2]]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"context": 2, "train_windows": 3},
            "train_windows is 3; its train text of 6 words holds 2 windows of 2 words",
        ),
        ({"context": 2, "test_windows": 0}, "test_windows is 0"),
        ({"context": 3}, "test_windows is None; its test text of 3 words holds 0 windows"),
    ],
)
def test_more_windows_than_text_are_refused(prepared, options, says):
    with pytest.raises(SpecError, match=says):
        load_windows(prepared, **options)


def test_a_spec_with_a_context_is_of_windows_and_another_of_images(prepared):
    assert load_data(prepared.parent, {"name": prepared.name, "context": 2}).x_train.dtype == torch.int32
    with pytest.raises(DataError, match="tokens \\(toy\\), not images"):
        load_data(prepared.parent, {"name": prepared.name})
