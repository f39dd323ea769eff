"""Word embeddings: random in the NTK limit, grouped in μP."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.words.panels import embedding_panels


def fig1(tables: Tables) -> Figure:
    """Principal components of random embeddings, of a finite net's and of the limit's; separation against width."""
    return embedding_panels(tables["word2vec"], tables["word2vec_ntk"], limit_name="μP, n = ∞")
