"""Word embeddings in the NTK limit, at finite width, and in the feature-learning limit."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.words.panels import embedding_panels


def fig5(tables: Tables) -> Figure:
    """Principal components of random embeddings, of a finite net's and of the feature-learning limit's."""
    return embedding_panels(tables["word2vec"], tables["word2vec_ntk"], limit_name="feature learning, n = ∞")
