"""All claims of the paper, by subject."""

from infwidth.papers.yang2022.claims import (
    coordinates,
    equivalence,
    mlp,
    resnets,
    settings,
    simulated,
    sizes,
    transformer_rates,
)

CLAIMS = (
    *coordinates.CLAIMS,
    *transformer_rates.CLAIMS,
    *settings.CLAIMS,
    *sizes.CLAIMS,
    *mlp.CLAIMS,
    *resnets.CLAIMS,
    *simulated.CLAIMS,
    *equivalence.CLAIMS,
)
