"""All claims of the Harvard post, by subject."""

from infwidth.papers.harvard2024.claims import alpha, consistency, dmft, limits, momentum, transfer, width

CLAIMS = (
    *width.CLAIMS,
    *dmft.CLAIMS,
    *consistency.CLAIMS,
    *transfer.CLAIMS,
    *limits.CLAIMS,
    *alpha.CLAIMS,
    *momentum.CLAIMS,
)
