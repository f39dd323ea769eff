"""Figures are saved with the glyphs of their fonts only, laid out once."""

import io
import re
import zlib
from pathlib import Path

import numpy as np
from fontTools.subset import Options
from fontTools.ttLib import TTFont
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.plotting.save import save_figure
from infwidth.plotting.style import style


def _drawn() -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2))
    for ax in axes:
        ax.plot([1, 2], [1, 2])
        ax.set(xlabel="width $N$", ylabel="loss\nof nets")
    return figure


def test_a_font_in_a_pdf_has_glyphs_and_no_tables_that_place_them(tmp_path: Path) -> None:
    before = list(Options._drop_tables_default)
    with style():
        save_figure(_drawn(), tmp_path / "a.pdf")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", (tmp_path / "a.pdf").read_bytes(), re.DOTALL)
    fonts = []
    for stream in streams:
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if content.startswith(b"\0\1\0\0"):
            fonts.append(set(TTFont(io.BytesIO(content)).keys()))
    assert fonts
    for tables in fonts:
        assert "glyf" in tables
        assert not {"GSUB", "GPOS", "GDEF"} & tables
    assert before == Options._drop_tables_default


def test_a_figure_stands_alike_in_all_its_files(tmp_path: Path) -> None:
    with style():
        figure = _drawn()
        save_figure(figure, tmp_path / "a.pdf")
        first = [ax.get_position().bounds for ax in figure.axes]
        save_figure(figure, tmp_path / "a.png")
        assert [ax.get_position().bounds for ax in figure.axes] == first
        assert np.ptp(first, axis=0)[0] > 0.1
