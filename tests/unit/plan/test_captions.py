"""Captions name the data that the cells behind a figure take, at the scale that is run."""

import io

import pytest
from docutils.core import publish_doctree

from infwidth.plan.captions import as_rst
from infwidth.plan.graph import load_graph


@pytest.mark.parametrize(
    ("scale", "rule", "data"),
    [
        ("laptop", "harvard2024_mup_vs_ntk", "Data: 4000 training images of 5000 MNIST digits at 7×7."),
        ("workstation", "harvard2024_mup_vs_ntk", "Data: 10000 training images of CIFAR-10 at 16×16."),
        (
            "laptop",
            "vyas2023_fig8",
            "Data: 16000 images drawn from a mixture of Gaussians a class at 7×7, each seen once (vision_online, "
            "real_from_drawn); 400 images drawn from a mixture of Gaussians a class at 7×7 (vision_offline); "
            "4000 training images of 5000 MNIST digits at 7×7 (real_from_real).",
        ),
        ("workstation", "vyas2023_fig4", "Data: WikiText-2 in windows of 64 words, each seen once."),
    ],
)
def test_a_caption_ends_with_its_data(scale: str, rule: str, data: str) -> None:
    (figure,) = (figure for figure in load_graph(scale, "all").figures if figure.rule == rule)
    assert figure.caption.endswith(f". {data}")


def test_a_figure_without_data_says_nothing_of_any() -> None:
    (figure,) = (figure for figure in load_graph("laptop", "all").figures if figure.rule == "yang2021_table1")
    assert "Data:" not in figure.caption


def _read(text: str) -> tuple[str, str]:
    """Return what docutils reads in a text, and what it does not understand."""
    complaints = io.StringIO()
    read = publish_doctree(text, settings_overrides={"warning_stream": complaints}).astext()
    return " ".join(read.split()), complaints.getvalue()


def test_captions_read_in_the_report_as_they_are_written() -> None:
    figures = load_graph("smoke", "all").figures
    captions = [f"{figure.title} {figure.caption}" for figure in figures]
    read, complaints = _read("\n\n".join(map(as_rst, captions)))
    assert complaints == ""
    assert read == " ".join(" ".join(captions).split())


def test_what_is_markup_to_docutils_is_not_in_a_caption() -> None:
    text = r"|H| of a_ and a_j, *b*, `c` and \alpha"
    assert _read(as_rst(text)) == (text, "")
    assert _read(text) != (text, "")
