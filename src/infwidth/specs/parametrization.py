"""The block of a parametrization: how a net at one width continues that of the base width."""

from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from infwidth.parametrization.exponents import exponents
from infwidth.specs.block import Block, Count, Positive, RationalText, Says, unsaid

Rule = Literal["sp", "sp_lr", "ntk", "mf", "mup", "stp", "mup_gauge", "rescaling_gauge"]
#: The rules that have no knob.
NamedRule = Literal["sp", "sp_lr", "ntk", "mf", "mup"]
Gauge = Literal["stp", "mup_gauge", "rescaling_gauge"]


class Parametrization(Block):
    """A ``rule`` (infwidth.parametrization.exponents) from ``base_width`` on, where all rules are the same net.

    - ``richness``: the one knob of the family, from "0" (lazy) to "1/2" (rich); outside, with ``allow_unstable``, nets
      train in no stable way
    - ``layer_lr``: "uniform" (PyTorch's convention) or "variance", the base net being f = w·φ(h)/(γ √N)
    - ``gamma0``: the richness prefactor γ0 at base width
    - ``input_lr``: "as_others", or "over_fan_in" for read-in matrices that learn at η/d, d their inputs, as in
      the STP gauge; with images the curvature of d inputs else hides that of fewer than d hidden units
    - ``zero_readout``, ``zero_queries``: whether the readout's and the queries' weights start at zero
    - ``gauge``: where the multipliers are written out; ``transform_weight_decay`` (true if left out) goes with it
    - ``base_depth``: the number of residual branches that the learning rate is tuned at, to continue in depth too
    """

    rule: Rule
    base_width: Count
    gamma0: Annotated[Positive, Says("must be a positive number (richness prefactor at base width)")] = 1.0
    layer_lr: Literal["uniform", "variance"]
    zero_readout: bool = False
    richness: RationalText | None = unsaid()
    allow_unstable: bool = unsaid(False)
    gauge: Gauge | None = unsaid()
    transform_weight_decay: bool | None = unsaid()
    base_depth: Count | None = unsaid()
    input_lr: Literal["as_others", "over_fan_in"] = unsaid("as_others")
    zero_queries: bool = unsaid(False)

    @property
    def rule_arguments(self) -> dict[str, Any]:
        """The keyword arguments of the rule itself."""
        unstable = {"allow_unstable": True} if self.allow_unstable else {}
        return unstable if self.richness is None else {"richness": self.richness, **unstable}

    @model_validator(mode="after")
    def _has_a_meaning(self) -> Self:
        if self.transform_weight_decay is not None and self.gauge is None:
            raise ValueError("transform_weight_decay goes with a gauge; there is none")
        if self.input_lr == "over_fan_in" and self.layer_lr == "variance":
            raise ValueError("input_lr over_fan_in: layer_lr variance divides the read-in's rate by its inputs already")
        exponents(self.rule, 1, **self.rule_arguments)  # refuses a richness without meaning
        return self
