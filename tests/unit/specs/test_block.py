"""Blocks are strict, keep numbers as written, and name what is wrong in the words of people."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from infwidth.errors import SpecError
from infwidth.specs.block import Block, Count, Positive, RationalText, Several, Width, read, unsaid


class Wide(Block):
    name: Literal["wide"]
    width: Width
    depth: Count = 2
    rates: Several[Positive] = (1,)


class Flat(Block):
    name: Literal["flat"]


class Cell(Block):
    net: Annotated[Wide | Flat, Field(discriminator="name")]
    scale: Positive = 1.0
    power: RationalText | None = unsaid()
    sizes: Several[Count] | None = None


def test_numbers_stay_as_they_are_written() -> None:
    for scale in (2, 2.0):
        dumped = read(Cell, {"net": {"name": "flat"}, "scale": scale}, where="here").model_dump()["scale"]
        assert repr(dumped) == repr(scale)


def test_an_unsaid_key_is_absent_and_a_null_is_kept() -> None:
    cell = read(Cell, {"net": {"name": "flat"}}, where="here")
    assert cell.model_dump() == {"net": {"name": "flat"}, "scale": 1.0, "sizes": None}
    assert read(Cell, {"net": {"name": "flat"}, "power": "1/2"}, where="here").model_dump()["power"] == "1/2"


def test_blocks_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Flat(name="flat").name = "other"  # type: ignore[misc,assignment]


WIDE = {"name": "wide", "width": 8}


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        (
            {"net": {"name": "wide", "widht": 8}},
            [
                "net: unknown key 'widht' (did you mean 'width'?); known keys: name, width, depth, rates",
                "net: missing key 'width'",
            ],
        ),
        ({"net": {"name": "wdie"}}, ["net.name: 'wdie' is not known (did you mean 'wide'?); known: wide, flat"]),
        ({"net": {}}, ["net: missing key 'name'"]),
        ({"net": 3}, ["net: 3: must be a block of keys and values"]),
        ({"net": WIDE, "scale": "2"}, ["scale: '2': must be a positive number"]),
        ({"net": WIDE, "scale": True}, ["scale: True: must be a positive number"]),
        ({"net": WIDE, "scale": float("inf")}, ["scale: inf: must be a positive number"]),
        ({"net": {**WIDE, "depth": 60.0}}, ["net.depth: 60.0: must be a whole number from 1 to 100000000"]),
        ({"net": {**WIDE, "depth": 10**9}}, ["net.depth: 1000000000: must be a whole number from 1 to 100000000"]),
        ({"net": {**WIDE, "rates": []}}, ["net.rates: []: must be a list of at least one value"]),
        ({"net": {**WIDE, "rates": [1, -1]}}, ["net.rates.1: -1: must be a positive number"]),
        ({"net": {**WIDE, "rates": [1, 2, 1.0]}}, ["net.rates: [1, 2, 1.0]: 1.0 is there twice"]),
        ({"net": WIDE, "power": 0.5}, ['power: 0.5: must be an exact rational in quotes, such as "1/4"']),
        ({"net": WIDE, "power": "1/2\n"}, ["power: '1/2\\n': must be an exact rational in quotes, such as \"1/4\""]),
        ([], ["top level: []: must be a block of keys and values"]),
    ],
)
def test_every_fault_is_a_line_with_its_place(document: Any, lines: list[str]) -> None:
    with pytest.raises(SpecError) as error:
        read(Cell, document, where="here")
    assert str(error.value).splitlines() == [f"here: {line}" for line in lines]


def test_a_width_that_no_machine_holds_is_refused_with_the_estimate() -> None:
    with pytest.raises(SpecError, match=r"1e\+09 × 1e\+09 weights takes 3.64e\+06 TiB"):
        read(Wide, {"name": "wide", "width": 10**9}, where="here")
