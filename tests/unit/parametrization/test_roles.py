"""Roles come from shapes: every architecture of the project, ties, ambiguities and mismatches."""

import ast
from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.nn.utils.parametrize import remove_parametrizations

from infwidth.errors import SpecError
from infwidth.parametrization import Role, find_roles, parametrize


def mlp(n, d=5, k=3, m=None):
    return nn.Sequential(nn.Linear(d, n), nn.ReLU(), nn.Linear(n, m or n), nn.ReLU(), nn.Linear(m or n, k))


def names(roles):
    return {name: role.role for name, role in roles.items()}


def test_mlp():
    roles = find_roles(mlp(16), mlp(4))
    assert names(roles) == {
        "0.weight": Role.INPUT,
        "0.bias": Role.BIAS,
        "2.weight": Role.HIDDEN,
        "2.bias": Role.BIAS,
        "4.weight": Role.OUTPUT,
        "4.bias": Role.SCALAR,
    }
    assert [role.fan_in for role in roles.values()] == [5, 1, 16, 1, 16, 1]
    assert (roles["0.weight"].fan_in_multiplier, roles["0.weight"].fan_out_multiplier) == (1, 4)
    assert (roles["4.weight"].fan_in_multiplier, roles["4.weight"].fan_out_multiplier) == (4, 1)


def test_fan_in_and_fan_out_may_grow_differently():
    hidden = find_roles(mlp(6, m=20), mlp(4, m=4))["2.weight"]
    assert (hidden.fan_in_multiplier, hidden.fan_out_multiplier) == (Fraction(3, 2), 5)


def test_convolutions_norms_and_depthwise():
    def net(n):
        return nn.Sequential(
            nn.Conv2d(3, n, 3),
            nn.BatchNorm2d(n),
            nn.Conv2d(n, n, 3, groups=n),
            nn.Conv2d(n, n, 1),
            nn.LayerNorm((n, 4, 4)),
            nn.Flatten(),
            nn.Linear(n * 16, 10),
        )

    roles = find_roles(net(8), net(4))
    assert names(roles) == {
        "0.weight": Role.INPUT,
        "0.bias": Role.BIAS,
        "1.weight": Role.NORM,
        "1.bias": Role.NORM,
        "2.weight": Role.INPUT,  # depthwise: finite fan-in
        "2.bias": Role.BIAS,
        "3.weight": Role.HIDDEN,
        "3.bias": Role.BIAS,
        "4.weight": Role.NORM,
        "4.bias": Role.NORM,
        "6.weight": Role.OUTPUT,
        "6.bias": Role.SCALAR,
    }
    assert (roles["0.weight"].fan_in, roles["2.weight"].fan_in) == (27, 9)


def test_transformer_layer():
    def net(n):
        layer = nn.TransformerEncoderLayer(n, 2, 2 * n)
        return nn.ModuleDict({"embed": nn.Embedding(11, n), "layer": layer, "read": nn.Linear(n, 11)})

    roles = find_roles(net(16), net(8))
    assert roles["embed.weight"].role is Role.EMBEDDING
    assert roles["embed.weight"].fan_out_multiplier == 2
    assert roles["layer.self_attn.in_proj_weight"].role is Role.HIDDEN
    assert roles["layer.self_attn.in_proj_weight"].fan_in == 16
    assert roles["layer.self_attn.in_proj_bias"].role is Role.BIAS
    assert roles["layer.norm1.weight"].role is Role.NORM
    assert roles["read.weight"].role is Role.OUTPUT


def test_at_base_width_roles_are_unknown_until_another_width_is_shown():
    blind = find_roles(mlp(4), mlp(4))
    assert {role.role for role in blind.values()} == {None}
    assert {role.fan_in_multiplier for role in blind.values()} == {1}
    assert names(find_roles(mlp(4), mlp(4), delta_model=mlp(5))) == names(find_roles(mlp(8), mlp(4)))


class Bare(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.u = nn.Parameter(torch.zeros(5, n))
        self.w = nn.Parameter(torch.zeros(n, n))
        self.v = nn.Parameter(torch.zeros(n))
        self.scale = nn.Parameter(torch.zeros(()))


def test_bare_parameters_have_to_be_declared():
    declared = {"u": "input", "w": "hidden", "v": "output"}
    roles = find_roles(Bare(8), Bare(4), declared=declared)
    assert names(roles) == {"u": Role.INPUT, "w": Role.HIDDEN, "v": Role.OUTPUT, "scale": Role.SCALAR}
    assert [role.fan_in for role in roles.values()] == [5, 8, 8, 1]
    with pytest.raises(SpecError, match="pass delta_model"):
        find_roles(Bare(4), Bare(4), declared=declared)
    with pytest.raises(SpecError, match=r"'u', 'w', 'v'.*pass delta_model"):
        find_roles(Bare(4), Bare(4))


def test_all_that_is_ambiguous_is_listed_at_once_with_the_roles_that_will_be_accepted():
    with pytest.raises(SpecError) as error:
        find_roles(Bare(8), Bare(4))
    u, w, v, advice = str(error.value).splitlines()
    assert u.startswith("parameter 'u' (5, 8) (base (5, 4)) belongs to a Bare")
    assert u.endswith("it can be input, output, bias, norm, embedding")
    assert w.endswith("it can be hidden")
    assert v.endswith("it can be input, output, bias, norm, embedding")
    # what it says can be pasted, and every role it names is accepted
    pasted = ast.literal_eval(advice.removeprefix("pass roles=").partition(" (")[0])
    assert set(find_roles(Bare(8), Bare(4), declared=pasted)) == {"u", "w", "v", "scale"}
    for line in (u, w, v):
        name = line.split("'")[1]
        for role in line.rpartition(" it can be ")[2].split(", "):
            find_roles(Bare(8), Bare(4), declared=pasted | {name: role})
    with pytest.raises(SpecError, match=r"'0' .* fits no role"):
        find_roles(nn.ParameterList([torch.ones(5, 6, 8)]), nn.ParameterList([torch.ones(5, 3, 4)]))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"2.wieght": "input"}, "did you mean '2.weight'"),
        ({"2.weight": "hiden"}, "did you mean 'hidden'"),
        ({"2.weight": "scalar"}, "layout shows hidden"),
        ({"2.weight": "input"}, "layout shows hidden"),
        ({"0.weight": "hidden"}, "layout shows input"),
        ({"4.weight": "input"}, "layout shows output; leave it out of roles"),
        ({"0.weight": "norm"}, "layout shows input"),
        ({"0.bias": "input"}, "layout shows bias"),
    ],
)
def test_wrong_declarations(declared, message):
    with pytest.raises(SpecError, match=message):
        find_roles(mlp(8), mlp(4), declared=declared)


def tied(n, vocabulary=11):
    net = nn.ModuleDict({"read": nn.Linear(n, vocabulary, bias=False), "embed": nn.Embedding(vocabulary, n)})
    net["read"].weight = net["embed"].weight
    return net


@pytest.mark.parametrize("width", [8, 4])
def test_tied_readout(width):
    with pytest.raises(SpecError, match="tied_readout='multiplied'"):
        find_roles(tied(width), tied(4))
    roles = find_roles(tied(width), tied(4), tied_readout="multiplied", delta_model=tied(5))
    assert names(roles) == {"read.weight": Role.EMBEDDING}
    with pytest.raises(SpecError, match="no parameter is shared"):
        find_roles(mlp(8), mlp(4), tied_readout="multiplied")
    with pytest.raises(SpecError, match="None or 'multiplied'"):
        find_roles(tied(8), tied(4), tied_readout="yes")


def test_a_weight_shared_in_one_role_is_fine():
    def net(n):
        block = nn.Linear(n, n)
        return nn.Sequential(nn.Linear(3, n), block, block, nn.Linear(n, 1))

    assert find_roles(net(8), net(4))["1.weight"].role is Role.HIDDEN


class TiedByHand(nn.Module):
    """A table of any author's own that a layer has as its weight, too."""

    def __init__(self, n):
        super().__init__()
        self.table = nn.Parameter(torch.randn(7, n))
        self.layers = nn.ModuleDict({"head": nn.Linear(n, 7, bias=False), "again": nn.Linear(n, 7, bias=False)})
        self.layers["head"].weight = self.layers["again"].weight = self.table


def test_any_name_of_a_tied_parameter_will_do():
    nets = TiedByHand(16), TiedByHand(4)
    for name in ("table", "layers.head.weight", "layers.again.weight"):
        assert names(find_roles(*nets, declared={name: "output"})) == {"table": Role.OUTPUT}
        scaled = parametrize(*nets, "mup", optimizer="sgd", lr=0.1, readout=name, readout_scale=0.5)
        assert scaled["table"].init_std == pytest.approx(0.5 * 4**-0.5 * 16**-0.5)
        assert parametrize(*nets, "mup", optimizer="sgd", lr=0.1, keep=[name])["table"].start == "kept"
    assert parametrize(*nets, "mup", optimizer="sgd", lr=0.1, keep=["*.again.*"])["table"].start == "kept"
    with pytest.raises(SpecError, match=r"'table' as output and, by its other name, as embedding"):
        find_roles(*nets, declared={"table": "output", "layers.head.weight": "embedding"})
    with pytest.raises(SpecError, match=r"named by keep and by draw"):
        parametrize(*nets, "mup", optimizer="sgd", lr=0.1, keep=["table"], draw=["layers.head.weight"])


def test_a_tied_autoencoder_is_refused():
    def net(n):
        down, up = nn.Linear(5, n, bias=False), nn.Linear(n, 5, bias=False)
        up.weight = nn.Parameter(torch.zeros(n, 5))
        up.weight = down.weight
        return nn.ModuleDict({"a": down, "b": nn.Embedding(n, 5, _weight=down.weight)})

    with pytest.raises(SpecError, match="only one dimension"):
        find_roles(net(8), net(4))


@pytest.mark.parametrize(
    ("model", "base", "delta", "message"),
    [
        (mlp(8), nn.Sequential(nn.Linear(5, 4)), None, r"'2.weight' is \(8, 8\) in the model but absent in the base"),
        (nn.Sequential(nn.Linear(5, 4)), mlp(8), None, "absent in the model"),
        (nn.Conv1d(3, 8, 3), nn.Linear(3, 4), None, r"\(8, 3, 3\) in the model but \(4, 3\) in the base"),
        (nn.Conv1d(3, 8, 5), nn.Conv1d(3, 4, 3), None, r"dimensions \(0, 2\)"),
        (nn.Embedding(12, 8), nn.Embedding(11, 4), None, r"dimensions \(0, 1\)"),
        (nn.Embedding(12, 4), nn.Embedding(11, 4), None, r"only one dimension \(1\)"),
        (mlp(8), mlp(4), mlp(4), "shows no wide dimension"),
        (nn.Bilinear(8, 8, 3), nn.Bilinear(4, 4, 3), None, "'weight' .*fits no role"),
    ],
)
def test_mismatches_name_the_parameter(model, base, delta, message):
    with pytest.raises(SpecError, match=message):
        find_roles(model, base, delta_model=delta)


def test_meta_models_will_do():
    with torch.device("meta"):
        base = mlp(4)
    assert find_roles(mlp(8), base)["2.weight"].role is Role.HIDDEN


def one(layer, wide, base):
    return find_roles(nn.ModuleList([layer(*wide)]), nn.ModuleList([layer(*base)]))["0.weight"]


def test_transposed_convolutions_sum_over_their_first_dimension():
    """Against the plain convolution of the same channels; a group of a depthwise one has a finite fan-in."""
    plain = one(lambda a, b: nn.Conv2d(a, b, 3), (64, 128), (16, 64))
    transposed = one(lambda a, b: nn.ConvTranspose2d(a, b, 3), (64, 128), (16, 64))
    assert transposed == plain
    assert (plain.fan_in, plain.fan_in_multiplier, plain.fan_out_multiplier) == (576, 4, 2)
    assert one(lambda a, b: nn.ConvTranspose2d(a, b, 3), (3, 8), (3, 4)).role is Role.INPUT
    assert one(lambda a, b: nn.ConvTranspose2d(a, b, 3), (8, 3), (4, 3)).role is Role.OUTPUT
    for layer in (nn.Conv2d, nn.ConvTranspose2d):
        depthwise = one(lambda n, layer=layer: layer(n, n, 3, groups=n), (8,), (4,))
        assert (depthwise.role, depthwise.fan_in, depthwise.fan_out_multiplier) == (Role.INPUT, 9, 2)
        grouped = one(lambda n, layer=layer: layer(n, 2 * n, 3, groups=2), (8,), (4,))
        assert (grouped.role, grouped.fan_in) == (Role.HIDDEN, 36)
        assert (grouped.fan_in_multiplier, grouped.fan_out_multiplier) == (2, 2)


def test_a_declared_role_of_a_known_layer_keeps_its_layout():
    def net(a, b):
        return nn.Sequential(nn.ConvTranspose2d(a, b, 3, bias=False))

    declared = find_roles(net(64, 128), net(16, 64), declared={"0.weight": "hidden"})
    assert declared == find_roles(net(64, 128), net(16, 64))


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_recurrent_nets(kind):
    def net(n):
        return nn.ModuleDict({"rnn": kind(5, n, num_layers=2), "cell": nn.GRUCell(5, n), "read": nn.Linear(n, 3)})

    roles = find_roles(net(16), net(4))
    gates = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}[kind]
    assert roles["rnn.weight_ih_l0"].role is Role.INPUT
    assert roles["rnn.weight_hh_l0"].role is roles["rnn.weight_ih_l1"].role is Role.HIDDEN
    assert (roles["rnn.weight_hh_l0"].fan_in, roles["rnn.weight_hh_l0"].fan_out_multiplier) == (16, 4)
    assert net(16)["rnn"].weight_hh_l0.shape == (16 * gates, 16)
    assert roles["rnn.bias_hh_l1"].role is roles["cell.bias_ih"].role is Role.BIAS
    assert roles["cell.weight_ih"].role is Role.INPUT


def test_other_known_layouts():
    class Conv1D(nn.Module):
        """The layer of that name in the transformers library: y = x W + b with W (in, out)."""

        def __init__(self, nf, nx):
            super().__init__()
            self.nf = nf
            self.weight, self.bias = nn.Parameter(torch.randn(nx, nf)), nn.Parameter(torch.zeros(nf))

    roles = find_roles(
        nn.Sequential(Conv1D(24, 8), nn.PReLU(), nn.PReLU(8)), nn.Sequential(Conv1D(9, 3), nn.PReLU(), nn.PReLU(3))
    )
    assert roles["0.weight"] == find_roles(nn.Linear(8, 24), nn.Linear(3, 9))["weight"]
    assert (roles["0.bias"].role, roles["1.weight"].role, roles["2.weight"].role) == (Role.BIAS, Role.SCALAR, Role.NORM)

    def pruned(n):
        layer = nn.Linear(n, n)
        prune.random_unstructured(layer, "weight", amount=0.5)
        return layer

    assert find_roles(pruned(8), pruned(4))["weight_orig"].role is Role.HIDDEN


def test_lone_numbers_and_frozen_tables_need_no_role():
    class Net(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.temperature = nn.Parameter(torch.tensor(2.0))
            self.table = nn.Parameter(torch.randn(7, 7, n), requires_grad=False)

    assert names(find_roles(Net(8), Net(4))) == {"temperature": Role.SCALAR, "table": Role.SCALAR}
    assert names(find_roles(Net(8), Net(4), declared={"temperature": "scalar"}))["temperature"] is Role.SCALAR


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_wrapped_models_are_unwrapped(wrap):
    assert find_roles(wrap(mlp(8)), wrap(mlp(4)), delta_model=wrap(mlp(5))) == find_roles(mlp(8), mlp(4))


@pytest.mark.parametrize(
    ("normalise", "take_off"),
    [
        (nn.utils.spectral_norm, lambda layer: nn.utils.remove_spectral_norm(layer)),
        (nn.utils.parametrizations.spectral_norm, lambda layer: remove_parametrizations(layer, "weight")),
        (nn.utils.parametrizations.weight_norm, lambda layer: remove_parametrizations(layer, "weight")),
    ],
)
def test_weights_that_are_normalised_are_refused_with_what_to_do(normalise, take_off):
    """The size of W is then that of no parameter, so that a plan's initial scale would say nothing."""
    nets = [nn.Sequential(normalise(nn.Linear(5, n)), nn.Linear(n, 3)) for n in (16, 4)]
    kind = "weight_norm" if "weight" in normalise.__name__ else "spectral_norm"
    roles = {name: "norm" for name, _ in nets[0].named_parameters() if "orig" in name}
    for declared in ({}, roles):
        with pytest.raises(SpecError, match=rf"parameter '0\..*orig.* {kind}.* take it off before .*, or freeze it"):
            find_roles(*nets, declared=declared)
    for net in nets:
        take_off(net[0])
    assert find_roles(*nets)["0.weight"].role is Role.INPUT


def test_the_older_weight_norm_is_known_as_well():
    nets = [nn.Sequential(nn.Linear(5, n)) for n in (16, 4)]
    for net in nets:
        net[0].weight_g, net[0].weight_v = nn.Parameter(torch.ones(len(net[0].weight), 1)), net[0].weight
        del net[0].weight
    with pytest.raises(SpecError, match=r"weight_g' is a part of weight_norm.* or remove_weight_norm of"):
        find_roles(*nets)
    for net in nets:
        net.requires_grad_(False)
    assert find_roles(*nets)["0.weight_g"].role is Role.SCALAR


def test_lazy_modules_are_refused_until_they_have_shapes():
    def lazy(n):
        return nn.Sequential(nn.LazyLinear(n), nn.Linear(n, 3))

    with pytest.raises(SpecError, match=r"0\.weight, 0\.bias: lazy modules have no shapes yet; run one forward pass"):
        find_roles(lazy(16), lazy(4))
    nets = lazy(16), lazy(4)
    for net in nets:
        net(torch.zeros(1, 5))
    assert find_roles(*nets)["0.weight"].role is Role.INPUT


def test_an_empty_parameter_is_a_scalar():
    nets = [nn.Linear(5, n) for n in (16, 4)]
    for net in nets:
        net.spare = nn.Parameter(torch.zeros(0, net.out_features))
    assert find_roles(*nets)["spare"].role is Role.SCALAR
