"""The base of all specs: frozen blocks of values, strict about keys and types, and errors in the words of people."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from infwidth.errors import SpecError, nearest

B = TypeVar("B", bound="Block")

#: No size of anything is larger; a number beyond is a slip of the hand, and would end in an error of memory.
LARGEST = 10**8
#: The deepest net.
DEEPEST = 4096
#: The widest net: one matrix between two of its layers is a TiB in single precision.
WIDEST = 2**19


class Block(BaseModel):
    """A frozen block of values: unknown keys are refused, an int is no float and text is no number.

    Subclasses are the reference of what experiments.yaml may say. A computation's block has its ``name`` as a literal.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _with_the_nearest_key(cls, document: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(document)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                cls.__name__, [cls._explained(e) for e in error.errors()]
            ) from None

    @classmethod
    def _explained(cls, fault: Any) -> InitErrorDetails:
        words = fault["msg"]
        if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
            known, key = list(cls.model_fields), str(fault["loc"][0])
            words = f"unknown key {key!r}{nearest(key, known)}; known keys: {', '.join(known)}"
        context = {**fault.get("ctx", {}), "words": words}
        kind = PydanticCustomError(fault["type"], "{words}", context)
        return InitErrorDetails(type=kind, loc=fault["loc"], input=fault["input"])

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of what the block names: its values but ``name``; unsaid ones are left out."""
        return {key: value for key, value in self.model_dump().items() if key != "name"}


def unsaid(default: Any = None) -> Any:
    """Give a field a default that is not written down: the block of a cell that leaves it has no such key."""
    return Field(default, exclude_if=lambda value: value == default)


@dataclass(frozen=True)
class Says:
    """Annotates a type with the words for anything that is not of it: ``must be …``."""

    words: str | Callable[[Any], str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the type's own validation, whose errors of several lines these words replace."""

        def validated(value: Any, inner: Callable[[Any], Any]) -> Any:
            try:
                return inner(value)
            except ValidationError as error:
                words = self.words if isinstance(self.words, str) else self.words(value)
                raise PydanticCustomError("says", "{words}", {"words": words}) from error

        return core_schema.no_info_wrap_validator_function(validated, handler(source))


def _too_wide(width: Any) -> str:
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        return "must be a whole number from 1"
    tebibytes = width * width // 2**38
    return f"a layer of {width:.3g} × {width:.3g} weights takes {tebibytes:.3g} TiB, which no machine holds"


Count = Annotated[int, Field(ge=1, le=LARGEST), Says(f"must be a whole number from 1 to {LARGEST}")]
Depth = Annotated[int, Field(ge=1, le=DEEPEST), Says(f"must be a number of layers, from 1 to {DEEPEST}")]
Width = Annotated[int, Field(ge=1, le=WIDEST), Says(_too_wide)]
Nets = Annotated[int, Field(ge=2, le=LARGEST), Says("must be the number of finite nets, at least two")]
#: A number as it is written: 2 stays an int and 2.0 a float, because a cell's name is the hash of what is written.
Positive = Annotated[int | float, Field(gt=0), Says("must be a positive number")]
NotNegative = Annotated[int | float, Field(ge=0), Says("must be a number from 0")]
Fraction01 = Annotated[int | float, Field(ge=0, lt=1), Says("must be a number from 0 to below 1")]
Text = Annotated[str, Field(min_length=1), Says("must be text")]
RationalText = Annotated[
    str, Field(pattern=r"^-?[0-9]+(/[1-9][0-9]*)?\z"), Says('must be an exact rational in quotes, such as "1/4"')
]


T = TypeVar("T")


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise PydanticCustomError("says", "{words}", {"words": f"{value!r} is there twice"})
    return values


#: A list of at least one value.
Listed = Annotated[tuple[T, ...], Field(strict=False, min_length=1)]
#: The same, none of them twice.
Several = Annotated[Listed[T], AfterValidator(_distinct)]


def read(block: type[B], document: Any, *, where: str, context: Mapping[str, Any] | None = None) -> B:
    """Return the block that ``document`` (of plain mappings, lists and values) describes.

    ``where`` names the document (a file, and a scale if it has one); ``context`` is for its validators. Raises
    SpecError with a line for each fault: the place, the key, the value and what would have been right.
    """
    try:
        return block.model_validate(document, context=context)
    except ValidationError as error:
        raise SpecError("\n".join(f"{where}: {line}" for line in _lines(error, document))) from None


def _lines(error: ValidationError, document: Any) -> list[str]:
    """Return a line for each fault; the missing keys of one block are one."""
    missing: dict[str, list[str]] = {}
    lines = []
    for fault in error.errors(include_url=False):
        kind = fault["type"]
        place = _place(fault["loc"][: -1 if kind == "extra_forbidden" else None], document)
        if kind == "missing":
            missing.setdefault(place, []).append(str(fault["loc"][-1]))
        elif kind == "union_tag_not_found":
            missing.setdefault(place, []).append("name")
        else:
            place += ".name" if kind == "union_tag_invalid" else ""
            if place or kind != "value_error":  # the validator of a whole cell names the places itself
                place = f"{place or 'top level'}: "
            lines.append(place + _said(kind, fault))
    return lines + [f"{place or 'top level'}: missing key {', '.join(map(repr, k))}" for place, k in missing.items()]


def _place(loc: tuple[int | str, ...], document: Any) -> str:
    """Return the keys and indices of what is there, without what pydantic adds to tell the members of a union apart."""
    place = []
    for part in loc:
        inside = part in document if isinstance(document, dict) else isinstance(part, int)
        if inside and isinstance(document, dict | list | tuple):
            place.append(str(part))
            document = document[part]  # type: ignore[index]
    return ".".join(place)


def _said(kind: str, fault: Any) -> str:
    value, context = fault["input"], fault.get("ctx", {})
    shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}…"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
        return f"{shown} is not known{nearest(str(value), known)}; known: {', '.join(known)}"
    if kind == "union_tag_invalid":
        known = re.findall(r"'([^']*)'", context["expected_tags"])
        return f"{context['tag']!r} is not known{nearest(context['tag'], known)}; known: {', '.join(known)}"
    if kind == "value_error":  # of a validator that sees a whole block
        return str(context["error"])
    if kind == "extra_forbidden":
        return str(fault["msg"])
    return f"{shown}: {_WORDS.get(kind, fault['msg'])}"


_WORDS = {
    "model_type": "must be a block of keys and values",
    "model_attributes_type": "must be a block of keys and values",
    "dict_type": "must be a block of keys and values",
    "tuple_type": "must be a list",
    "too_short": "must be a list of at least one value",
    "bool_type": "must be true or false",
    "string_type": "must be text",
}
