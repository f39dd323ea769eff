"""A block names the arguments of what it describes: models and probes, which know nothing of specs."""

import inspect
from typing import Any, get_args

import pytest

from infwidth.models import MODELS
from infwidth.parametrization.exponents import RULES
from infwidth.registry import load
from infwidth.specs.block import Block
from infwidth.specs.models import Model
from infwidth.specs.parametrization import Gauge, NamedRule, Rule
from infwidth.specs.probes import AnyProbe
from infwidth.training.probes import PROBES


def members(union: Any) -> dict[str, type[Block]]:
    """Return the blocks of a union by the name that tells them apart."""
    return {get_args(block.model_fields["name"].annotation)[0]: block for block in get_args(get_args(union)[0])}


def keywords(constructor: type) -> dict[str, inspect.Parameter]:
    """Return the keyword-only parameters of a class, with those it passes on to its base."""
    found: dict[str, inspect.Parameter] = {}
    for base in constructor.__mro__:
        parameters = inspect.signature(base.__init__).parameters.values()
        found |= {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in found}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return found


@pytest.mark.parametrize(("blocks", "registry"), [(members(Model), MODELS), (members(AnyProbe), PROBES)])
def test_every_entry_of_a_registry_has_its_block(blocks: dict, registry: dict) -> None:
    assert set(blocks) == set(registry)


@pytest.mark.parametrize("name", MODELS)
def test_a_block_of_a_model_has_the_arguments_of_its_constructor(name: str) -> None:
    expected = set(keywords(load(MODELS, name, kind="model"))) - {
        "is_causal"
    }  # which tells the two attention nets apart
    assert set(members(Model)[name].model_fields) == expected | {"name"}


@pytest.mark.parametrize("name", PROBES)
def test_a_block_of_a_probe_has_the_arguments_and_defaults_of_its_constructor(name: str) -> None:
    fields, parameters = members(AnyProbe)[name].model_fields, keywords(load(PROBES, name, kind="probe"))
    assert set(fields) == set(parameters) | {"name"}
    for key, parameter in parameters.items():
        assert fields[key].is_required() == (parameter.default is parameter.empty)
        assert fields[key].is_required() or fields[key].default == parameter.default


def test_rules_are_those_of_the_parametrizations() -> None:
    assert set(get_args(Rule)) == set(RULES)
    assert set(get_args(NamedRule)) | set(get_args(Gauge)) == set(get_args(Rule))
