"""A cell: everything that decides its numbers. A training, or a computation of its own."""

from typing import Annotated, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from infwidth.specs.block import LARGEST, Block, Says, Several, unsaid
from infwidth.specs.data import Data, Images, Windows
from infwidth.specs.models import Model, Transformer
from infwidth.specs.parametrization import Parametrization
from infwidth.specs.probes import Probes
from infwidth.specs.training import Optimizer, Training

Seed = Annotated[int, Field(ge=0, le=LARGEST), Says("must be a seed, a whole number from 0")]


class Recipe(Block):
    """What is trained and how, on whatever data: a net at every learning rate and seed."""

    model: Model
    parametrization: Parametrization
    optimizer: Optimizer
    training: Training
    probes: Probes
    seeds: Annotated[Several[Seed], Says("must be a list of seeds, at least one")]

    @model_validator(mode="after")
    def _parts_fit_each_other(self) -> Self:
        width, block = self.model.width, self.parametrization
        if width < block.base_width:
            raise ValueError(
                f"model.width {width} is below parametrization.base_width {block.base_width}; "
                "the base is the narrowest net, the one at which all parametrizations coincide"
            )
        if block.gauge is not None and self.optimizer.name != "sgd":
            raise ValueError(f"parametrization.gauge is for optimizer sgd; {self.optimizer.name} has other gauges")
        if block.input_lr != "as_others" and self.optimizer.name != "sgd":
            raise ValueError(f"parametrization.input_lr {block.input_lr} is of gradients, for optimizer sgd")
        if self.training.centred and self.model.mixes_batches:
            raise ValueError(
                "training.centred: a net with batch norm has no f0 of an example to subtract, since what it computes"
                " of one depends on its batch; take another norm"
            )
        return self


class Train(Recipe):
    """The training of a net at every learning rate and seed.

    Of kind "join" it trains nothing: each seed has a cell of its own (``members``), which another machine may compute,
    and their rows and ensembles become those of one training. ``apart`` tells that a cell is such a member: what
    probes keep of its nets for ensembles is written beside its rows, and it has no ensembles itself.
    """

    kind: Literal["train", "join"]
    data: Data
    apart: bool = unsaid(False)

    @property
    def members(self) -> "tuple[Train, ...]":
        """The trainings of one seed each that it joins; none if it trains its nets itself."""
        if self.kind != "join":
            return ()
        return tuple(self.model_copy(update={"kind": "train", "seeds": (seed,), "apart": True}) for seed in self.seeds)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the data sets that it needs."""
        return (self.data.name,)

    @model_validator(mode="after")
    def _is_a_training(self) -> Self:
        if not isinstance(self.data, Images | Windows):
            raise ValueError("data: a training needs images or windows of text")
        if isinstance(self.data, Windows) != isinstance(self.model, Transformer):
            raise ValueError(f"model.name: a {self.model.name} does not take {type(self.data).__name__.lower()}")
        if self.apart and (self.kind == "join" or len(self.seeds) > 1):
            raise ValueError("apart: is for a training of one seed, of which a cell of kind 'join' has several")
        return self

    @model_validator(mode="after")
    def _has_batches_for_its_steps(self) -> Self:
        key = "train_size" if isinstance(self.data, Images) else "train_windows"
        examples, training = getattr(self.data, key, None), self.training
        if examples is None:  # as many as the data set has, which only reading it tells
            return self
        whole = examples // training.batch_size
        if not whole:
            raise ValueError(f"training.batch_size {training.batch_size} is more than data.{key} {examples}")
        if training.stream == "single_pass" and training.steps > whole:
            raise ValueError(
                f"training.steps {training.steps} is too many for a single pass: data.{key} {examples} in batches of "
                f"{training.batch_size} lasts {whole} steps"
            )
        return self


class Computation(Block):
    """Base of the blocks of computations (kind ``solve``); ``takes`` are the kinds of data that it can have."""

    name: str
    takes: ClassVar[tuple[type[Block], ...]] = ()


C = TypeVar("C", bound=Computation)


class Solve(Block, Generic[C]):
    """A computation, and the data that it needs, if any."""

    kind: Literal["solve"]
    data: Data | None = unsaid()
    solve: C

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the data sets that it needs: none, its data, or also the questions that test it."""
        return tuple(getattr(self.data, key) for key in ("name", "questions") if hasattr(self.data, key))

    @model_validator(mode="after")
    def _has_the_data_it_needs(self) -> Self:
        takes = self.solve.takes
        if not takes and self.data is not None:
            raise ValueError("data: this computation takes no data")
        if takes and not isinstance(self.data, takes):
            wanted = " or ".join(block.__name__.lower() for block in takes)
            given = "none" if self.data is None else type(self.data).__name__.lower()
            raise ValueError(f"data: this computation needs {wanted}, not {given}")
        return self


Cell = Train | Solve
