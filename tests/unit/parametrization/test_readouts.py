"""zero_readout and readout_scale touch the model's output, and nothing else that is wide in its fan-in only."""

from collections import OrderedDict

import pytest
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Role, parametrize


def net(*layers):
    """Return a function of the width that builds the named layers, (name, in, out), None for the width."""
    return lambda n: nn.Sequential(OrderedDict((name, nn.Linear(i or n, o or n, bias=False)) for name, i, o in layers))


def plan_of(build, **options):
    return parametrize(build(64), build(16), "mup", optimizer="adamw", lr=0.01, **options)


def zeroed(build, **options):
    return {name for name, entry in plan_of(build, zero_readout=True, **options).items() if entry.init_std == 0}


AUTOENCODER = net(("enc", 9, None), ("code", None, 4), ("dec", 4, None), ("out", None, 9))
LORA = net(("read", 9, None), ("hidden", None, None), ("down", None, 2), ("up", 2, None), ("head", None, 3))
FIXED_KEYS = net(
    ("read", 9, None), ("query", None, 8), ("key", None, 2), ("value", None, 2), ("mix", 8, None), ("head", None, 3)
)
TWO_HEADS = net(("read", 9, None), ("policy", None, 6), ("value", None, 1))


@pytest.mark.parametrize(
    ("build", "outputs"),
    [
        (AUTOENCODER, {"out.weight"}),
        (LORA, {"head.weight"}),
        (FIXED_KEYS, {"head.weight"}),
        (net(("head", None, 3), ("read", 5, None)), {"head.weight"}),  # a single one, wherever it is registered
        (TWO_HEADS, {"policy.weight", "value.weight"}),
    ],
)
def test_only_what_nothing_wide_follows_is_the_output(build, outputs):
    assert zeroed(build) == outputs
    scaled, plain = plan_of(build, readout_scale=0.125), plan_of(build)
    assert {n for n in plain if scaled[n].init_std != plain[n].init_std} == outputs
    # inner matrices that are wide in their fan-in only keep a readout's scale: std 1/n at fixed base
    inner = {n for n, entry in plain.items() if entry.role is Role.OUTPUT} - outputs
    for name in inner:
        assert plain[name].init_std == pytest.approx(64**-0.5 * 4**-0.5)


def test_where_the_output_cannot_be_told_it_is_asked_for():
    head_first = net(("head", None, 3), ("read", 5, None), ("squeeze", None, 5), ("mix", 5, None))
    for build in (head_first, net(("a", 9, None), ("out", None, 5), ("b", 9, None), ("out2", None, 7))):
        with pytest.raises(SpecError, match=r"cannot be told .* name it, or several, in readout="):
            zeroed(build)
        plan_of(build)  # without zero_readout nothing has to be told
    assert zeroed(head_first, readout="head.weight") == {"head.weight"}
    assert zeroed(AUTOENCODER, readout=["code.weight"]) == {"code.weight"}
    with pytest.raises(SpecError, match=r"'dec.weight', which is no parameter .* these are: code.weight, out.weight"):
        zeroed(AUTOENCODER, readout="dec.weight")
