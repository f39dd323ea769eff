"""What a caption says of the data behind its figure: from the specs of its cells, so that it is true at any scale."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infwidth.data.registry import dataset
from infwidth.errors import SpecError
from infwidth.experiments.papers import Figure, Paper
from infwidth.specs.cells import Solve, Train
from infwidth.specs.data import Corpus, Images, Windows


def with_data(papers: Mapping[str, Paper]) -> dict[str, Paper]:
    """Return the papers with a sentence on its data after each figure's caption; ``papers`` are all that there are."""
    return {
        name: replace(paper, figures=tuple(_told(figure, papers) for figure in paper.figures))
        for name, paper in papers.items()
    }


def as_rst(text: str) -> str:
    """Return ``text`` as it reads in reStructuredText, the language of Snakemake's report: nothing in it is markup."""
    return re.sub(r"[\\*`|_]", r"\\\g<0>", text)


def _told(figure: Figure, papers: Mapping[str, Paper]) -> Figure:
    behind: dict[str, list[str]] = {}
    for paper, experiment in figure.tables:
        try:
            told = [describe(cell.spec) for cell in papers[paper].cells[experiment]]
        except SpecError as error:
            raise SpecError(f"{paper}/experiments.yaml: experiments.{experiment}.data.name: {error}") from None
        for words in dict.fromkeys(filter(None, told)):
            behind.setdefault(words, []).append(experiment)
    if not behind:
        return figure
    named = [f"{words} ({', '.join(experiments)})" for words, experiments in behind.items()]
    return replace(figure, caption=f"{figure.caption} Data: {'; '.join(named if len(named) > 1 else behind)}.")


def describe(spec: Train | Solve[Any]) -> str:
    """Return in words what a cell takes of which data set, and how a training sees it; nothing without data."""
    if spec.data is None:
        return ""
    title = dataset(spec.data.name).title.partition(",")[0]
    match spec.data:
        case Images() as images:
            count = "all" if images.train_size is None else str(images.train_size)
            drawn = dataset(spec.data.name).kind == "image_model"
            words = f"{count} {'images drawn from' if drawn else 'training images of'} {title}"
            if images.draws is not None and images.draws.label == "larger":
                words += " in pairs"
            if images.image_size is not None:
                words += f" at {images.image_size}×{images.image_size}"
            if images.classes is not None:
                words += f", classes {', '.join(map(str, images.classes))}"
        case Windows() as windows:
            words = f"{title} in windows of {windows.context} words"
        case Corpus() as corpus:
            words = title if corpus.n_tokens is None else f"{corpus.n_tokens} words of {title}"
        case _:
            words = title
    if isinstance(spec, Train):
        words += {"epochs": "", "single_pass": ", each seen once"}[spec.training.stream]
        words += "" if spec.training.augmentation == "none" else ", each time changed at random"
    return words
