"""What somebody set on purpose stays as it is, or is asked for by name."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from infwidth.errors import SpecError
from infwidth.parametrization import parametrize


class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.token = nn.Embedding(10, n, padding_idx=3)
        self.place = nn.Embedding.from_pretrained(torch.ones(12, n) / 3)  # frozen by default
        self.slope = nn.PReLU()
        self.slopes = nn.PReLU(n)
        self.temperature = nn.Parameter(torch.tensor(2.5))
        self.norm, self.last_norm = nn.LayerNorm(n), nn.LayerNorm(n)
        nn.init.zeros_(self.last_norm.weight)
        self.down, self.up = nn.Linear(n, 4, bias=False), nn.Linear(4, n, bias=False)
        nn.init.zeros_(self.up.weight)
        self.register_buffer("mean", torch.full((n,), 7.0))
        self.head = nn.Linear(n, 5)
        nn.init.constant_(self.head.bias, -4.6)


def plan_of(net, **options):
    return parametrize(net, Net(4), "mup", optimizer="sgd", lr=0.1, **options)


def test_deliberate_starts_are_kept_and_all_else_is_drawn():
    net, before = Net(16), Net(16)
    before.load_state_dict(net.state_dict())
    plan = plan_of(net)
    plan.init_(net, 0)
    kept = {
        "place.weight",
        "slope.weight",
        "slopes.weight",
        "temperature",
        "last_norm.weight",
        "up.weight",
        "head.bias",
    }
    assert {name for name, entry in plan.items() if entry.start == "kept"} == kept
    assert {row["parameter"] for row in plan.table() if row["start"] == "kept"} == kept
    for name, parameter in net.named_parameters():
        same = torch.equal(parameter, before.get_parameter(name))
        assert same == (name in kept | {"norm.weight", "norm.bias", "last_norm.bias"}), name
    assert (net.mean == 7).all()
    assert (net.token.weight[3] == 0).all()
    assert (net.token.weight[2] != 0).all()
    # a rate scales as the role says, whatever the start
    assert plan["up.weight"].lr == plan["slopes.weight"].lr == pytest.approx(0.1 * 4)


def test_a_net_that_was_initialised_before_is_drawn_anew():
    net, plan = Net(16), plan_of(Net(16))
    plan.init_(net, 0)
    first = net.head.weight.clone()
    plan_of(net).init_(net, 1)
    assert not torch.equal(net.head.weight, first)
    plan_of(net).init_(net, 0)
    assert torch.equal(net.head.weight, first)


def test_names_and_patterns_say_what_cannot_be_told():
    net = Net(16)
    plan = plan_of(net, keep=["token.*"], draw=["up.weight", "last_norm.weight"])
    table = net.token.weight.clone()
    plan.init_(net, 0)
    assert torch.equal(net.token.weight, table)
    assert net.up.weight.std() > 0.1
    assert (net.last_norm.weight == 1).all()
    for options, message in (
        ({"keep": ["tokens.*"]}, r"keep names 'tokens.\*', which is no parameter"),
        ({"draw": ["up.wieght"]}, "draw names 'up.wieght'.*did you mean 'up.weight'"),
        ({"keep": ["up.*"], "draw": ["up.weight"]}, "up.weight: named by keep and by draw"),
        ({"draw": ["place.weight"]}, "place.weight, which is frozen"),
    ):
        with pytest.raises(SpecError, match=message):
            plan_of(net, **options)


class Tokens(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.cls, self.scale = nn.Parameter(torch.zeros(1, 1, n)), nn.Parameter(torch.full((n,), 1e-4))
        self.head = nn.Linear(n, 2)


def test_one_name_needs_no_list():
    assert plan_of(Net(16), keep="down.weight")["down.weight"].start == "kept"
    assert plan_of(Net(16), draw="up.*")["up.weight"].start == "drawn"


def test_a_table_of_zeros_with_a_declared_role_is_asked_for():
    roles = {"cls": "embedding", "scale": "norm"}
    with pytest.raises(SpecError, match=r"cls: every entry is the same number.*keep=\['cls'\] or draw=\['cls'\]"):
        parametrize(Tokens(8), Tokens(4), "mup", optimizer="sgd", lr=0.1, roles=roles)
    for option in ("keep", "draw"):
        net = Tokens(8)
        parametrize(net, Tokens(4), "mup", optimizer="sgd", lr=0.1, roles=roles, **{option: ["cls"]}).init_(net, 0)
        assert (net.cls == 0).all() == (option == "keep")
        assert (net.scale == 1e-4).all()


def test_pruned_entries_stay_pruned():
    def pruned(n):
        net = nn.Sequential(nn.Linear(5, n), nn.Linear(n, n))
        prune.random_unstructured(net[1], "weight", amount=0.5)
        return net

    net = pruned(16)
    parametrize(net, pruned(4), "mup", optimizer="sgd", lr=0.1).init_(net, 0)
    net(torch.ones(1, 5))
    assert (net[1].weight == 0).float().mean() == pytest.approx(0.5, abs=0.01)
    assert (net[1].weight_orig != 0).all()


def test_a_model_of_width_one_is_drawn():
    """A single random number is constant, too, and yet nobody chose it."""
    net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    plan = parametrize(net, nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), "sp", optimizer="sgd", lr=0.1)
    assert {entry.start for entry in plan.values()} == {"drawn"}


def test_wrapped_models_take_the_plan_of_the_model_inside():
    net, other = Net(16), Net(16)
    plan = plan_of(net)
    plan.init_(net, 0)
    plan.init_(torch.compile(other), 0)
    assert torch.equal(net.head.weight, other.head.weight)
    assert len(plan.optimizer(nn.DataParallel(net)).param_groups) == len(plan.optimizer(net).param_groups)


def test_rows_for_padding_stay_as_they_are():
    """Nothing trains them: what somebody wrote there is meant, in a drawn table as in a kept one."""

    def tables(n):
        net = nn.ModuleDict({name: nn.Embedding(10, n, padding_idx=3) for name in ("drawn", "kept", "zero")})
        net["bag"] = nn.EmbeddingBag(10, n, padding_idx=-1)
        with torch.no_grad():
            net["drawn"].weight[3], net["kept"].weight[3], net["bag"].weight[-1] = 2.0, 3.0, 4.0
        return net

    net = tables(16)
    old = {name: table.weight.detach().clone() for name, table in net.items()}
    parametrize(net, tables(4), "mup", optimizer="sgd", lr=0.1, keep=["kept.weight"]).init_(net, 0)
    for name, number in (("drawn", 2.0), ("zero", 0.0), ("bag", 4.0)):
        row = 9 if name == "bag" else 3
        assert (net[name].weight[row] == number).all()
        assert (net[name].weight[4] != old[name][4]).all()
    assert torch.equal(net["kept"].weight, old["kept"])


def test_what_is_frozen_after_the_plan_was_made_is_left_alone():
    net = Net(16)
    plan = plan_of(net)
    net.down.requires_grad_(False)
    down, head = net.down.weight.clone(), net.head.weight.clone()
    plan.init_(net, 0)
    assert torch.equal(net.down.weight, down)
    assert not torch.equal(net.head.weight, head)


def test_complex_weights_are_drawn_in_the_whole_plane():
    """E|w|² = 1/fan_in, half of it in each part, and the two parts are independent."""

    def build(n):
        return nn.Sequential(nn.Linear(8, n, dtype=torch.complex64), nn.Linear(n, n, dtype=torch.complex64))

    net = build(512)
    parametrize(net, build(64), "mup", optimizer="sgd", lr=0.1).init_(net, 0)
    w = net[1].weight.detach() * 512**0.5
    assert w.real.square().mean().item() == pytest.approx(0.5, rel=0.02)
    assert w.imag.square().mean().item() == pytest.approx(0.5, rel=0.02)
    assert (w.real * w.imag).mean().item() == pytest.approx(0.0, abs=0.01)
