"""The paper's Tables 3, 8 and 9 as it prints them, in powers of the width n, and the same from the house's solver."""

from fractions import Fraction
from typing import NamedTuple

from infwidth.parametrization import ABC, exponents, transform
from infwidth.parametrization.gauge import OptimizerFamily


class Printed(NamedTuple):
    """A table for nets in which all hidden widths are n: powers of n of input, hidden and output weights."""

    init_variance: tuple[int, int, int]
    multiplier: tuple[str, str, str]
    sgd_lr: tuple[int, int, int]
    adam_lr: tuple[str, str, str]

    def abc(self, optimizer: OptimizerFamily, n_hidden: int) -> ABC:
        """Return it in the letters of Yang & Hu 2021: multipliers n^(−a), standard deviations n^(−b), rates n^(−c)."""

        def per_layer(of_role: tuple[int | str, ...], factor: Fraction) -> tuple[Fraction, ...]:
            first, hidden, last = (factor * Fraction(power) for power in of_role)
            return (first, *[hidden] * (n_hidden - 1), last)

        one = Fraction(-1)
        return ABC(
            a=per_layer(self.multiplier, one),
            b=per_layer(self.init_variance, one / 2),
            c=per_layer(self.sgd_lr if optimizer == "sgd" else self.adam_lr, one),
        )


#: As printed; a fan-in or fan-out that grows is n, others are constant. ``sp`` is what the tables have in grey.
PRINTED = {
    "table_3": Printed((0, -1, -2), ("0", "0", "0"), (1, 0, -1), ("0", "-1", "-1")),
    "table_8": Printed((0, -1, 0), ("0", "0", "-1"), (1, 0, 1), ("0", "-1", "0")),
    "table_9": Printed((-1, -1, -1), ("1/2", "0", "-1/2"), (0, 0, 0), ("-1/2", "-1", "-1/2")),
    "sp": Printed((0, -1, -1), ("0", "0", "0"), (0, 0, 0), ("0", "0", "0")),
}
#: The forms of μP.
FORMS = ("table_3", "table_8", "table_9")


def solved(table: str, optimizer: OptimizerFamily, n_hidden: int) -> ABC:
    """Return the table's form of μP as it is derived: the rich end of the desiderata's family, in the table's gauge.

    Table 3 has no multipliers, Table 9 the rates of SGD constant; Table 8 is Table 3 with a readout multiplier of 1/n.
    """
    rule = "sp" if table == "sp" else ("mup" if table == "table_9" else "stp")
    richness = Fraction(1, 2) if rule == "stp" else None
    abc = exponents(rule, n_hidden, optimizer=optimizer, richness=richness)
    return transform(abc, [0] * n_hidden + [1], optimizer) if table == "table_8" else abc
