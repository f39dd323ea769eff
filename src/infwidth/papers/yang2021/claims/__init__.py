"""Claims of Tensor Programs IV, by subject."""

from infwidth.papers.yang2021.claims import applications, space, theory

CLAIMS = (*space.CLAIMS, *theory.CLAIMS, *applications.CLAIMS)
