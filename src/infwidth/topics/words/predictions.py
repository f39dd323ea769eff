"""What the post and the paper both say of word vectors, as a claim of either: written once."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above
from infwidth.analysis.quantities import Estimated
from infwidth.topics.words.measures import separation_over_ntk


def classes_come_apart(name: str, figure: str) -> Claim:
    """Return the claim that classes of words come apart in μP alone, under its name in a paper."""
    return Claim(
        name,
        figure,
        says="Word classes come apart in wide nets in μP, and do not in the NTK parametrization.",
        measured=Estimated(
            "separation of the widest nets in μP less that of the widest in the NTK parametrization",
            lambda tables: separation_over_ntk(tables["word2vec"], tables["word2vec_ntk"]),
        ),
        expected=above(0),
        note="Corrected after seeing; before: the limit, which has no seed, against random embeddings: 0.18.",
    )
