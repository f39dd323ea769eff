"""Claims on convolutional kernels as classifiers; intervals were fixed before running."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import above
from infwidth.analysis.quantities import Mean, on
from infwidth.papers.arora2019.measured import gain

CLAIMS = (
    Claim(
        "pooling_helps",
        "table1",
        says="Global average pooling makes convolutional tangent kernels more accurate.",
        measured=Mean(
            "test accuracy of the CNTK with pooling less that without, averaged over depths,",
            on("subsets", lambda table: gain(table, ("ntk", "pooled"), ("ntk", "vector"))),
        ),
        expected=above(0),
    ),
    Claim(
        "better_than_processes_without_pooling",
        "table1",
        says="The convolutional tangent kernel with global average pooling is more accurate than the Gaussian "
        "processes of convolutional nets without.",
        measured=Mean(
            "test accuracy of the CNTK with pooling less that of CNN-GP without, averaged over depths,",
            on("subsets", lambda table: gain(table, ("ntk", "pooled"), ("nngp", "vector"))),
        ),
        expected=above(0),
    ),
)
