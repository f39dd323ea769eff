"""All claims of the paper, by subject."""

from infwidth.papers.bordelon2023.claims import cnn, deep, one_layer

CLAIMS = (*one_layer.CLAIMS, *deep.CLAIMS, *cnn.CLAIMS)
