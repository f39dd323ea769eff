"""Colours of the dynamical dichotomy, which several papers draw."""

from infwidth.plotting.style import LAZY, RICH

#: What a parametrization does in the limit, as lines and marks.
VERDICT_COLOURS = {"unstable": "0.8", "trivial": "0.6", "kernel": LAZY, "feature learning": RICH}

#: The same as areas under text, also readable in grey, where darker is more.
VERDICT_FILLS = {"unstable": "#f6f6f6", "trivial": "#e2e2e2", "kernel": "#e4bcd0", "feature learning": "#efb654"}
