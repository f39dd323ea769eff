"""Figures of Karkada's tutorial, a module a figure: tables in, figures out."""

from infwidth.papers.karkada2024.figures.alignment import alignment
from infwidth.papers.karkada2024.figures.derivation import derivation
from infwidth.papers.karkada2024.figures.gauge_equivalence import gauge_equivalence
from infwidth.papers.karkada2024.figures.gauges import gauges
from infwidth.papers.karkada2024.figures.images import cnn, conv_mixer
from infwidth.papers.karkada2024.figures.lr_transfer import lr_transfer
from infwidth.papers.karkada2024.figures.representation_updates import representation_updates
from infwidth.papers.karkada2024.figures.richness_scale import richness_scale
from infwidth.papers.karkada2024.figures.stp_table import stp_table

__all__ = [
    "alignment",
    "cnn",
    "conv_mixer",
    "derivation",
    "gauge_equivalence",
    "gauges",
    "lr_transfer",
    "representation_updates",
    "richness_scale",
    "stp_table",
]
