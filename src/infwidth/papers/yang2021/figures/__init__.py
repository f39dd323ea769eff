"""Figures of Tensor Programs IV, a module a subject: tables in, figures out."""

from infwidth.papers.yang2021.figures.few_shot import maml
from infwidth.papers.yang2021.figures.largest_rate import max_lr
from infwidth.papers.yang2021.figures.simulation import fig4
from infwidth.papers.yang2021.figures.space import fig5, table1
from infwidth.papers.yang2021.figures.words import fig1, word2vec_accuracy

__all__ = ["fig1", "fig4", "fig5", "maml", "max_lr", "table1", "word2vec_accuracy"]
