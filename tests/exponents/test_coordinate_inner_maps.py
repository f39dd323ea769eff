"""The coordinate check of nets with wide → finite maps inside: bottlenecks, LoRA, keys of a fixed width.

What is expected is derived in ``predictions``; the slopes of the derivation are asserted here beside the verdicts.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.parametrization import coordinate_check, parametrize
from infwidth.parametrization.predictions import Place
from infwidth.parametrization.watching import find_sites

WIDTHS = (64, 128, 256, 512)
D, CLASSES = 16, 5
IDS = torch.arange(60).reshape(6, 10) % 7


def normal(key, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(key))


INPUTS, TARGETS = normal(0, 32, D), normal(1, 32, CLASSES)


class Bottleneck(nn.Module):
    def __init__(self, n, twice=False, norm=False):
        super().__init__()
        self.read, self.code = nn.Linear(D, n), nn.Linear(n, 4)
        self.back, self.mix = nn.Linear(4, n), nn.Linear(n, n)
        self.second = nn.Sequential(nn.Linear(n, 4), nn.Linear(4, n), nn.Tanh()) if twice else nn.Identity()
        self.norm = nn.LayerNorm(n) if norm else nn.Identity()
        self.head = nn.Linear(n, CLASSES)

    def forward(self, x):
        h = torch.tanh(self.norm(self.back(self.code(torch.tanh(self.read(x))))))
        return self.head(self.second(torch.tanh(self.mix(h))))


class LoRA(nn.Module):
    """Two layers with low-rank adapters, B of which starts at zero; what is adapted is frozen or not."""

    def __init__(self, n, frozen=True):
        super().__init__()
        self.read, self.base, self.base2 = nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, n)
        for name in ("", "2"):
            setattr(self, f"down{name}", nn.Linear(n, 4, bias=False))
            setattr(self, f"up{name}", nn.Linear(4, n, bias=False))
            nn.init.zeros_(getattr(self, f"up{name}").weight)
        self.head = nn.Linear(n, CLASSES)
        for module in (self.read, self.base, self.base2):
            module.requires_grad_(not frozen)

    def forward(self, x):
        h = torch.tanh(self.read(x))
        h = torch.tanh(self.base(h) + self.up(self.down(h)))
        return self.head(torch.tanh(self.base2(h) + self.up2(self.down2(h))))


class FixedKeys(nn.Module):
    """Attention with queries, keys and values of a width that does not grow, in a residual stream."""

    def __init__(self, n):
        super().__init__()
        self.embed, self.out, self.up = nn.Embedding(7, n), nn.Linear(8, n), nn.Linear(n, n)
        self.query, self.key, self.value = nn.Linear(n, 8), nn.Linear(n, 8), nn.Linear(n, 8)
        self.head = nn.Linear(n, CLASSES)

    def forward(self, ids):
        h = self.embed(ids)
        h = h + self.out(F.scaled_dot_product_attention(self.query(h), self.key(h), self.value(h)))
        return self.head((h + torch.tanh(self.up(h))).mean(1))


NETS = {
    "bottleneck": Bottleneck,
    "two bottlenecks": lambda n: Bottleneck(n, twice=True),
    "bottleneck, norm": lambda n: Bottleneck(n, norm=True),
    "LoRA": LoRA,
    "LoRA, nothing frozen": lambda n: LoRA(n, frozen=False),
    "fixed keys": FixedKeys,
}


def check(net, rule, optimizer, spoil=None, n_seeds=4):
    """Run the check; ``spoil``: parameter or layer → changes of its plan, from that plan and the base's rate."""
    build, lr = NETS[net], 0.1 if optimizer == "sgd" else 0.005

    def make_plan(model, base_model):
        plan = parametrize(model, base_model, rule, optimizer=optimizer, lr=lr, delta_model=build(WIDTHS[0] + 8))
        for prefix, changes in (spoil or {}).items():
            for name in [name for name in plan if name.startswith(prefix)]:
                plan = plan.replace(name, **changes(plan[name], lr))
        return plan

    inputs, targets = (IDS, normal(2, 6, CLASSES)) if net == "fixed keys" else (INPUTS, TARGETS)
    return coordinate_check(
        build, make_plan, WIDTHS, base_width=WIDTHS[0], inputs=inputs, targets=targets, loss=F.mse_loss, n_seeds=n_seeds
    )


def slope(found, module, statistic, step):
    return found.slopes.query("module == @module and statistic == @statistic and step == @step")["slope"].item()


INNER = {
    "bottleneck": {"code"},
    "two bottlenecks": {"code", "second.0"},
    "LoRA": {"down", "down2"},
    "LoRA, nothing frozen": {"down", "down2"},
    "fixed keys": {"query", "key", "value"},
}


@pytest.mark.parametrize(("rule", "optimizer"), [("mup", "sgd"), ("mup", "adam"), ("ntk", "sgd"), ("sp_lr", "sgd")])
@pytest.mark.parametrize("net", INNER)
def test_right_plans_pass(net, rule, optimizer):
    found = check(net, rule, optimizer)
    assert found.verdict == "passes", found.explain()
    assert set(found.inner) == INNER[net]
    assert "wide → finite inside the net" in found.explain()


@pytest.mark.parametrize(
    ("rule", "optimizer", "starts", "moves", "before"),
    [("mup", "sgd", -0.5, -0.5, -0.5), ("mup", "adam", -0.5, 0, 0), ("ntk", "sgd", 0, 0, -0.5)],
)
def test_a_bottleneck_starts_and_moves_as_the_theory_says(rule, optimizer, starts, moves, before):
    found = check("bottleneck", rule, optimizer, n_seeds=24)
    for module in ("code", "back"):
        assert slope(found, module, "size", 0) == pytest.approx(starts, abs=0.15)
    assert slope(found, "code", "change", 1) == pytest.approx(moves, abs=0.2)
    assert slope(found, "read", "size", 0) == pytest.approx(0, abs=0.05)
    assert slope(found, "read", "change", 1) == pytest.approx(before, abs=0.2)
    lows = found.slopes.set_index(["module", "statistic", "step"])[["expected_low", "expected"]]
    assert lows.loc["code", "size", 0].tolist() == [starts, starts]
    assert lows.loc["code", "change", 1].tolist() == [moves, 0]
    assert lows.loc["read", "change", 1].tolist() == [before, max(before, 0 if rule == "mup" else -0.5)]


def test_adapters_move_as_the_theory_says():
    """No gradient passes a B of zeros: A moves from the second step on, at order 1 under Adam."""
    found = check("LoRA", "mup", "adam")
    first = found.table.query("module == 'down' and step == 1 and statistic == 'change'")
    assert (first["value"] == 0).all()
    assert slope(found, "down", "change", 2) == pytest.approx(0, abs=0.15)
    assert slope(found, "up", "change", 1) == pytest.approx(-0.5, abs=0.2)  # B times a z that starts near zero


#: A misunderstanding → net, optimizer, parameter, what it makes of its plan, and the sites whose slopes tell.
WRONG = {
    "bottleneck as hidden, sgd": (
        *("bottleneck", "sgd", "code.weight"),
        lambda entry, lr: {"init_std": entry.fan_in**-0.5, "lr": lr},
        {("code", "size", 0, "grows"), ("code", "change", 1, "grows")},
    ),
    "bottleneck as hidden, adam": (
        *("bottleneck", "adam", "code.weight"),
        lambda entry, lr: {"init_std": entry.fan_in**-0.5},
        {("code", "size", 0, "grows"), ("code", "change", 1, "grows")},
    ),
    "bottleneck at the base's rate": (
        *("bottleneck", "adam", "code.weight"),
        lambda entry, lr: {"lr": lr},
        {("code", "change", 1, "grows"), ("back", "change", 1, "grows")},
    ),
    "read-in before it too slow": (
        *("bottleneck", "sgd", "read"),
        lambda entry, lr: {"lr": lr},
        {("read", "change", 1, "shrinks")},
    ),
    "hidden layer behind it too fast": (
        *("bottleneck", "adam", "mix.weight"),
        lambda entry, lr: {"lr": lr},
        {("mix", "change", 1, "grows")},
    ),
    "LoRA's A at the base's rate": (
        *("LoRA", "adam", "down.weight"),
        lambda entry, lr: {"lr": lr},
        {("down", "change", 2, "grows"), ("down", "change", 3, "grows")},
    ),
    "LoRA's A at the base's rate, sgd": (
        *("LoRA", "sgd", "down.weight"),
        lambda entry, lr: {"lr": lr},
        {("down", "change", 2, "grows")},
    ),
    "LoRA's A too fast, nothing frozen": (
        *("LoRA, nothing frozen", "adam", "down.weight"),
        lambda entry, lr: {"lr": lr},
        {("down", "change", 2, "grows")},
    ),
    "LoRA's B as hidden": (
        *("LoRA", "adam", "up.weight"),
        lambda entry, lr: {"lr": lr / float(entry.fan_out_multiplier)},
        {("up", "change", 2, "shrinks")},
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_plans_fail(fault):
    net, optimizer, name, changes, flagged = WRONG[fault]
    found = check(net, "mup", optimizer, {name: changes})
    assert found.verdict == "fails"
    shown = found.slopes[found.slopes["flag"] != ""]
    assert flagged <= set(zip(shown["module"], shown["statistic"], shown["step"], shown["flag"], strict=True))


def test_a_norm_of_what_starts_near_zero_is_told():
    """Its first steps grow with the width until they are as large as what it puts out, whatever the rate."""
    found = check("bottleneck, norm", "mup", "adam")
    assert found.verdict == "fails"
    assert "norm (norm), step 1: change grows" in found.explain()
    assert "put the norm before the map" in found.explain()


def places_of(net, inputs=INPUTS):
    model = net(16)
    plan = parametrize(model, net(8), "mup", optimizer="sgd", lr=0.1)
    return find_sites(model, plan, inputs).places


def test_places_are_read_off_the_graph():
    inner = {"is_inner": True}
    assert places_of(NETS["two bottlenecks"]) == {
        "read": Place(0, 2),
        "code": Place(0, 1, **inner),
        "back": Place(1, 1),
        "mix": Place(1, 1),
        "second.0": Place(1, 0, **inner),
        "second.1": Place(2, 0),
        "head": Place(2, 0),
    }
    # queries, keys and values meet: each has the two others ahead
    assert places_of(FixedKeys, IDS)["query"] == Place(0, 2, **inner)
    plain = places_of(lambda n: nn.Sequential(nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, CLASSES)))
    assert set(plain.values()) == {Place()}


class ByHand(nn.Module):
    """A bottleneck and a shift whose parameters are used by hand."""

    def __init__(self, n):
        super().__init__()
        self.read, self.code, self.shift = nn.Linear(D, n), nn.Linear(n, 4), nn.Linear(4, n)
        self.head = nn.Linear(n, CLASSES)

    def forward(self, x):
        h = torch.tanh(self.read(x)) + self.shift.bias
        return self.head(torch.tanh(F.linear(F.linear(h, self.code.weight), self.shift.weight)))


def test_parameters_used_by_hand_have_their_places():
    assert places_of(ByHand) == {
        "read": Place(0, 1),
        "code.weight": Place(0, 0, is_inner=True),
        "shift.weight": Place(1, 0),
        "shift.bias": Place(0, 1),
        "head": Place(1, 0),
    }


class Projected(nn.Module):
    """A recurrent net whose state is projected to a fixed width: the map and the way back are in one module."""

    def __init__(self, n):
        super().__init__()
        self.read, self.cell = nn.Linear(D, n), nn.LSTM(n, n, proj_size=4, batch_first=True)
        self.back, self.head = nn.Linear(4, n), nn.Linear(n, CLASSES)

    def forward(self, x):
        states, _ = self.cell(torch.tanh(self.read(x)))
        return self.head(torch.tanh(self.back(states[:, -1])))


def test_a_projected_state_is_an_inner_map():
    assert places_of(Projected, normal(3, 6, 5, D))["cell"] == Place(0, 0, is_inner=True)
    found = coordinate_check(
        Projected,
        lambda model, base: parametrize(model, base, "mup", optimizer="adam", lr=0.005, delta_model=Projected(40)),
        (32, 64, 128, 256),
        base_width=32,
        inputs=normal(3, 6, 5, D),
        targets=normal(4, 6, CLASSES),
        loss=F.mse_loss,
    )
    assert found.verdict == "passes", found.explain()


class Feedback(nn.Module):
    """A readout whose output is read in again at the next step: inner, though no layer is registered behind it."""

    def __init__(self, n):
        super().__init__()
        self.read, self.head = nn.Linear(D + CLASSES, n), nn.Linear(n, CLASSES)

    def forward(self, x):
        y = x.new_zeros(len(x), CLASSES)
        for _ in range(3):
            y = self.head(torch.tanh(self.read(torch.cat([x, y], 1))))
        return y


def test_a_readout_that_is_fed_back_is_an_inner_map():
    assert places_of(Feedback)["head"].is_inner
