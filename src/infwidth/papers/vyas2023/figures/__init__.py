"""Figures of Vyas et al. 2023, a module a figure: tables in, figures out."""

from infwidth.papers.vyas2023.figures.fig1 import fig1
from infwidth.papers.vyas2023.figures.fig2 import fig2
from infwidth.papers.vyas2023.figures.fig3 import fig3
from infwidth.papers.vyas2023.figures.fig4 import fig4
from infwidth.papers.vyas2023.figures.fig5 import fig5
from infwidth.papers.vyas2023.figures.fig6 import fig6
from infwidth.papers.vyas2023.figures.fig7 import fig7
from infwidth.papers.vyas2023.figures.fig8 import fig8
from infwidth.papers.vyas2023.figures.fig9 import fig9

__all__ = ["fig1", "fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "fig8", "fig9"]
