"""What is claimed, fixed before anything runs."""

from infwidth.analysis.claims import Claim
from infwidth.analysis.expected import below
from infwidth.analysis.quantities import PerDoubling, on

from .measured import test_losses

CLAIMS = (
    Claim(
        "wider_is_better",
        "losses",
        says="In μP the wider of two two-layer nets has the lower test loss after training.",
        measured=PerDoubling("the final test loss", on("widths", lambda table: test_losses(table.at_end()))),
        expected=below(0),
    ),
)
