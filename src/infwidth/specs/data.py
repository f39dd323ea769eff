"""Blocks of data: what is taken of a prepared data set. Which kind a block is, its keys tell."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from infwidth.specs.block import LARGEST, Block, Count, Says, Several, Text, unsaid

ClassNumber = Annotated[int, Field(ge=0, le=LARGEST), Says("must be the number of a class, from 0")]
Classes = Annotated[Several[ClassNumber], Field(min_length=2), Says("must be a list of at least two different classes")]
Side = Annotated[int, Field(ge=1, le=4096), Says("must be a side in pixels, from 1 to 4096")]
VocabularySize = Annotated[int, Field(ge=2, le=LARGEST), Says("must be a number of words, at least two")]


class Preparation(Block):
    """With what a data set is prepared: part of its prepared form, of which each set of options has its own."""

    of: ClassVar[tuple[str, ...]]


class OfImageNet(Preparation):
    """``classes``: WordNet ids, a file of them in data_dir, or a number; all by default. ``image_size``: 64 pixels."""

    of = ("imagenet",)
    classes: Annotated[Count | Text | Several[Text], Says("must be a number, a file or WordNet ids")] | None = unsaid()
    image_size: Side | None = unsaid()
    images_per_class: Count | None = unsaid()


class OfCIFAR5M(Preparation):
    """``train_parts``: how many of the five parts of a million images train."""

    of = ("cifar5m",)
    train_parts: Annotated[int, Field(ge=1, le=5), Says("must be a number of parts, from 1 to 5")]


class OfText(Preparation):
    """``min_count``: words seen less often are one word, ``<unk>``."""

    of = ("wikipedia_sample", "wikitext2", "wikitext103", "text8", "fil9", "wiki8")
    min_count: Count


class Draws(Block):
    """What is drawn from a model of images.

    ``label``: "class", an image and its class; "larger", two images side by side (``image_size`` is the side of one)
    and the larger of their classes. ``test``: whether test images are drawn as well, or real ones that the model has
    not seen.
    """

    of: ClassVar[tuple[str, ...]] = ("mnist5k_model", "cifar10_model")
    label: Literal["class", "larger"] = unsaid("class")
    test: Literal["drawn", "real"] = unsaid("drawn")


def _belong(name: str, options: Preparation | None) -> None:
    if options is not None and name not in options.of:
        raise ValueError(f"options: {', '.join(options.model_fields_set)}: '{name}' has no such option")


class Images(Block):
    """Labelled images: a balanced subset of ``classes`` (null: all), resized, standardized or as parts of 255.

    Sizes that are null are those of the data set. ``options`` are those of its preparation. From a model of images
    (``mnist5k_model``, ``cifar10_model``) so many are drawn, of all classes, as ``draws`` says.
    """

    name: Text
    image_size: Side | None
    train_size: Count | None
    test_size: Count | None
    classes: Classes | None = None
    normalization: Literal["standardize", "unit"]
    options: OfImageNet | OfCIFAR5M | None = unsaid()
    draws: Draws | None = unsaid()

    @model_validator(mode="after")
    def _has_its_own_options(self) -> Self:
        _belong(self.name, self.options)
        if self.name in Draws.of:
            if self.train_size is None or self.test_size is None or self.classes is not None:
                raise ValueError(f"'{self.name}' gives as many images as are asked for, of all classes: say the sizes")
        elif self.draws is not None:
            raise ValueError(f"draws: nothing is drawn from '{self.name}', only from {', '.join(Draws.of)}")
        return self


class Windows(Block):
    """A text cut into windows of ``context`` words, with the next word for each place; rarer words are one."""

    name: Text
    context: Count
    vocabulary_size: VocabularySize | None
    train_windows: Count | None = None
    test_windows: Count | None
    options: OfText | None = unsaid()

    @model_validator(mode="after")
    def _has_its_own_options(self) -> Self:
        _belong(self.name, self.options)
        return self


class Corpus(Block):
    """A text, and the data set of word analogies (``questions``) that tests embeddings learned from it."""

    name: Text
    questions: Text
    split: Literal["train", "valid", "test", "all"]
    n_tokens: Count | None
    vocabulary_size: VocabularySize | None
    drop_unknown: bool
    options: OfText | None = unsaid()

    @model_validator(mode="after")
    def _has_its_own_options(self) -> Self:
        _belong(self.name, self.options)
        return self


class Drawings(Block):
    """Handwritten characters, all of them; one black and white image for each and each drawer."""

    name: Literal["omniglot"]


def _kind(block: Any) -> str:
    if isinstance(block, Block):
        return type(block).__name__
    if not isinstance(block, dict):
        return Images.__name__
    if "context" in block:
        return Windows.__name__
    if "questions" in block:
        return Corpus.__name__
    return (Drawings if block.get("name") == "omniglot" else Images).__name__


Data = Annotated[
    Annotated[Images, Tag("Images")]
    | Annotated[Windows, Tag("Windows")]
    | Annotated[Corpus, Tag("Corpus")]
    | Annotated[Drawings, Tag("Drawings")],
    Discriminator(_kind),
]
