"""All claims of the Harvard post, by subject."""

from infwidth.papers.harvard2024.claims import consistency, dmft, transfer, width

CLAIMS = (*width.CLAIMS, *dmft.CLAIMS, *consistency.CLAIMS, *transfer.CLAIMS)
