"""Figures of the Microsoft post, a module a figure: tables in, figures out."""

from infwidth.papers.msr2021.figures.bars import fig1
from infwidth.papers.msr2021.figures.embeddings import fig5
from infwidth.papers.msr2021.figures.parameters import fig4
from infwidth.papers.msr2021.figures.products import fig3
from infwidth.papers.msr2021.figures.schematic import fig2

__all__ = ["fig1", "fig2", "fig3", "fig4", "fig5"]
