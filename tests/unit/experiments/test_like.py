"""Variants say what differs, and only that."""

import pytest

from infwidth.errors import SpecError
from infwidth.experiments.like import models_of, resolved

SHARED = {"data": {"digits": {"name": "mnist5k", "image_size": 14}}}
BASE = {
    "what": "the base",
    "data": {"like": "digits", "train_size": 9},
    "model": {"name": "mlp", "n_hidden": 2},
    "optimizer": {"name": "sgd", "lr": [1.0]},
    "probes": [{"name": "losses"}],
    "sweep": {"model.width": [8, 16]},
}


def variant(**said: object) -> dict:
    return resolved({"base": BASE, "variant": {"like": "base", "what": "a variant", **said}}, SHARED, where="here")[
        "variant"
    ]


def test_a_variant_is_all_that_it_is_like_but_for_what_it_says() -> None:
    assert variant(model={"n_hidden": 3}) == {
        **BASE,
        "what": "a variant",
        "data": {"name": "mnist5k", "image_size": 14, "train_size": 9},
        "model": {"name": "mlp", "n_hidden": 3},
    }


def test_lists_and_sweeps_are_replaced() -> None:
    changed = variant(probes=[{"name": "norms"}], sweep={"optimizer.momentum": [0.5]})
    assert changed["probes"] == [{"name": "norms"}]
    assert changed["sweep"] == {"optimizer.momentum": [0.5]}


def test_what_is_swept_anew_has_no_value_taken_over() -> None:
    changed = variant(model={"width": 8}, sweep={"model.n_hidden": [1, 2]})
    assert changed["model"] == {"name": "mlp", "width": 8}


def test_a_value_said_beside_its_own_sweep_stays_to_be_refused() -> None:
    assert variant(model={"n_hidden": 3}, sweep={"model.n_hidden": [1]})["model"]["n_hidden"] == 3


def test_a_block_is_like_that_of_another_experiment() -> None:
    experiments = {"base": BASE, "other": {"what": "another", "model": {"like": "base", "n_hidden": 1}}}
    assert resolved(experiments, SHARED, where="here")["other"]["model"] == {"name": "mlp", "n_hidden": 1}


def test_a_block_that_is_like_another_replaces_the_one_taken_over() -> None:
    experiments = {
        "base": BASE,
        "adam": {"what": "", "optimizer": {"name": "adam", "lr": [0.1], "source": "b"}},
        "variant": {"like": "base", "what": "", "optimizer": {"like": "adam"}},
    }
    found = resolved(experiments, SHARED, where="here")["variant"]["optimizer"]
    assert found == {"name": "adam", "lr": [0.1], "source": "b"}


def test_errors_can_say_what_an_experiment_is_like() -> None:
    experiments = {"base": BASE, "variant": {"like": "base", "model": {"like": "third"}}, "third": {}}
    assert models_of("variant", experiments) == ["base", "digits", "third"]


@pytest.mark.parametrize(
    ("experiments", "says"),
    [
        ({"a": {"like": "bsae"}, "base": BASE}, r"experiments.a.like: no experiment 'bsae' \(did you mean 'base'\?\)"),
        ({"a": {"like": 3}}, "experiments.a.like: no experiment 3"),
        ({"a": {"like": "b"}, "b": {"like": "a"}}, "experiments.a.like: a is like b is like a, which never ends"),
        ({"a": {"data": {"like": "digts"}}}, r"experiments.a.data.like: .*'digts' \(did you mean 'digits'\?\)"),
        ({"a": {"model": {"like": "b"}}, "b": {}}, "experiments.a.model.like: experiment 'b' has no block 'model'"),
        ({"a": {"model": {"like": "a"}}}, "which never ends"),
        ({"a": {"like": "b"}, "b": 3}, "experiments.a.like: what it is like, \\w+, is no block"),
    ],
)
def test_what_is_not_there_is_named(experiments: dict, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        resolved(experiments, SHARED, where="here")
