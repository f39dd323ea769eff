"""The blocks of experiments.yaml at one scale, in which each block of a cell still says where its values come from."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from infwidth.specs.block import Block, Listed, Says, Several, Text, Width

#: What says where a value comes from, not what is computed: kept for the reader, left out of a cell's identity.
ANNOTATIONS = ("source", "deviation", "what")


#: The context in which a paper of one's own is read: it may leave out how it deviates from where its values are from.
OWN = {"own": True}


def _is_annotated(block: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    for key in ("source", "deviation"):
        if key == "deviation" and info.context == OWN and key not in block:
            continue
        if not isinstance(block.get(key), str) or not block[key]:
            raise ValueError(f"missing key '{key}', a text: where the values come from, and where and why you leave it")
    return block


Noted = Annotated[dict[str, Any], AfterValidator(_is_annotated)]
Name = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]*\z"),
    Says("must be a name of small letters, digits and underscores: it names files and jobs"),
]


_SEEDS = "must be the number of seeds, from 1 to 100000, or such a number for every width"
Seeds = Annotated[int, Field(ge=1, le=100000), Says("must be the number of seeds, from 1 to 100000")]


class InfiniteWidth(Block):
    """A training at infinite width, held as a sample of so many ``neurons``."""

    neurons: Width


class Experiment(Block):
    """Cells that differ in the values of ``sweep``, a list for each dotted key such as ``model.width``.

    ``seeds`` is their number, one for all or one for each width: ``{"64": 8, "256": 4}``.

    They are computations where there is a block ``solve``, else trainings; with a block ``infinite_width`` these are at
    infinite width, by so many sampled ``neurons``, and seeds are independent samples. ``noise_floor``: whether
    trainings have rounding twins (:mod:`infwidth.experiments.twins`), which by default the scale decides.
    ``seeds_apart`` makes each seed of a training a cell of its own, for trainings that take days: a cluster runs them
    side by side.
    """

    what: Text
    data: Noted | None = None
    model: Noted | None = None
    parametrization: Noted | None = None
    optimizer: Noted | None = None
    training: Noted | None = None
    infinite_width: Noted | None = None
    solve: Noted | None = None
    probes: Listed[dict[str, Any]] | None = None
    seeds: Annotated[Seeds | dict[Text, Seeds], Says(_SEEDS)] | None = None
    noise_floor: bool | None = None
    seeds_apart: bool | None = None
    sweep: Annotated[dict[str, Several[Any]], Field(default_factory=dict)]

    @property
    def blocks(self) -> dict[str, Any]:
        """What it says of its cells, without annotations."""
        others = ("what", "sweep", "noise_floor", "seeds_apart")
        keys = {key: value for key, value in self if key not in others and value is not None}
        return {
            key: {k: v for k, v in value.items() if k not in ANNOTATIONS} if isinstance(value, dict) else value
            for key, value in keys.items()
        }


class Figure(Block):
    """A figure: its caption, and the tables of this paper's experiments or, ``<paper>.<experiment>``, of another's."""

    title: Text
    caption: Text
    tables: Several[Text]


class Reported(Block):
    """A result as the paper reports it: of ``what``, its ``value`` in the paper's numbers or words, and where."""

    what: Text
    value: Text
    source: Text


class Beyond(Block):
    """A figure or table of the catalog's class X: ``why`` it cannot be rebuilt here, and what the paper reports."""

    why: Text
    reported: Listed[Reported]


class Document(Block):
    """One paper's experiments.yaml; ``beyond`` says of every figure of class X why it has none here."""

    title: Text
    reference: Text
    experiments: Annotated[dict[Name, Experiment], Field(min_length=1)]
    figures: Annotated[dict[Name, Figure], Field(min_length=1)]
    beyond: Annotated[dict[Name, Beyond], Field(default_factory=dict)]
