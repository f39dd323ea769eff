"""Options of a data set's preparation: those it has, and part of the name of what is prepared."""

import pytest

from infwidth.data.identity import prepared_sets
from infwidth.errors import SpecError
from infwidth.specs.block import read
from infwidth.specs.data import Corpus, Images, Windows

IMAGENET = {"name": "imagenet", "image_size": 64, "train_size": None, "test_size": None, "normalization": "unit"}
TEXT = {"name": "wikitext103", "context": 8, "vocabulary_size": None, "test_windows": None}


@pytest.mark.parametrize(
    ("block", "document", "options"),
    [
        (Images, IMAGENET, {"classes": 100, "image_size": 32}),
        (Images, IMAGENET, {"classes": ["n02084071", "n01440764"]}),
        (Images, IMAGENET, {"classes": "hundred.txt", "images_per_class": 5}),
        (Images, {**IMAGENET, "name": "cifar5m"}, {"train_parts": 2}),
        (Windows, TEXT, {"min_count": 3}),
    ],
)
def test_options_name_another_prepared_set_and_are_what_was_written(block, document, options) -> None:
    spec = read(block, {**document, "options": options}, where="here")
    ((name, (dataset, prepared_with)),) = prepared_sets(spec.model_dump(mode="json")).items()
    assert (dataset, prepared_with) == (document["name"], options)
    assert name.startswith(f"{dataset}-")
    assert "options" not in read(block, document, where="here").model_dump()


@pytest.mark.parametrize(
    ("block", "document", "options", "says"),
    [
        (Images, {**IMAGENET, "name": "cifar10"}, {"classes": 100}, "options: classes: 'cifar10' has no such option"),
        (Images, IMAGENET, {"clases": 100}, r"unknown key 'clases' \(did you mean 'classes'\?\)"),
        (Images, IMAGENET, {"classes": -1}, "-1: must be a number, a file or WordNet ids"),
        (Images, {**IMAGENET, "name": "cifar5m"}, {"train_parts": 6}, "must be a number of parts, from 1 to 5"),
        (Windows, TEXT, {"min_count": 0}, "min_count: 0: must be a whole number"),
        (Corpus, {**TEXT, "questions": "analogies"}, {"vocabulary": 3}, "unknown key 'vocabulary'"),
    ],
)
def test_options_of_other_sets_are_refused(block, document, options, says) -> None:
    with pytest.raises(SpecError, match=says):
        read(block, {**document, "options": options}, where="here")
