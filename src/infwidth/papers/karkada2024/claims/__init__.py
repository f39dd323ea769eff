"""Claims of Karkada's tutorial, a module a figure. Thresholds are exponents or signs, fixed before running."""

from infwidth.papers.karkada2024.claims import (
    algebra,
    alignment,
    desiderata,
    gauge_equivalence,
    images,
    lr_transfer,
    representation_updates,
    richness_scale,
)

CLAIMS = (
    *algebra.CLAIMS,
    *richness_scale.CLAIMS,
    *gauge_equivalence.CLAIMS,
    *representation_updates.CLAIMS,
    *alignment.CLAIMS,
    *lr_transfer.CLAIMS,
    *images.CLAIMS,
    *desiderata.CLAIMS,
)
