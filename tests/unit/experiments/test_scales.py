"""A scale that says nothing has the value of the next larger one; grids are exact."""

import pytest

from infwidth.errors import SpecError
from infwidth.experiments.scales import at_scale, grid


@pytest.mark.parametrize(("scale", "value"), [("smoke", 1), ("laptop", 4), ("workstation", 4), ("paper", 4)])
def test_a_scale_inherits_the_next_larger_one(scale: str, value: int) -> None:
    assert at_scale({"a": {"smoke": 1, "paper": 4}, "b": [5]}, scale) == {"a": value, "b": [5]}


def test_scales_may_hold_what_has_scales_and_grids() -> None:
    document = {"smoke": [1.0], "laptop": {"from": 0.5, "to": 2, "factor": 2}, "paper": {"x": {"paper": None}}}
    assert at_scale(document, "laptop") == [0.5, 1.0, 2.0]
    assert at_scale(document, "workstation") == {"x": None}


@pytest.mark.parametrize(
    ("document", "scale", "says"),
    [
        ({"a": {"smoke": 1, "laptop": 2}}, "workstation", "file.a: no value at scale workstation, nor at a larger one"),
        ({"a": {"smoke": 1, "papre": 4}}, "smoke", r"a value by scale; not a scale: papre \(did you mean 'paper'\?\)"),
        ({}, "labtop", r"unknown scale 'labtop' \(did you mean 'laptop'\?\)"),
    ],
)
def test_what_no_scale_has_is_refused(document: dict, scale: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        at_scale(document, scale, where="file")


def test_grids_are_the_very_floats_of_their_powers() -> None:
    assert grid(0.0001220703125, 2.0, 2, where="") == [2.0**k for k in range(-13, 2)]
    assert [repr(x) for x in grid(16, 64, 2, where="")] == ["16", "32", "64"]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((1.0, 3.0, 2), "no power of 2 leads from 1.0 to 3.0"),
        ((1.0, 2.0, 1), "no power of 1"),
        ((2.0, 1.0, 2), "no power of 2"),
        ((1, 1e29, 1.000001), "no power"),
        ((0, 1, 2), "made of positive numbers"),
        ((1, "2", 2), "made of positive numbers"),
        ((1, True, 2), "made of positive numbers"),
        ((1, 10**400, 2), "made of positive numbers"),
    ],
)
def test_what_is_no_grid_is_refused(numbers: tuple, says: str) -> None:
    with pytest.raises(SpecError, match=f"file.lr: .*{says}"):
        grid(*numbers, where="file.lr")
