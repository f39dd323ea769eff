"""Roles come from shapes: every architecture of the project, ties, ambiguities and mismatches."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Role, find_roles


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
    declared = {"u": "input", "w": "hidden", "v": "output", "scale": "norm"}
    roles = find_roles(Bare(8), Bare(4), declared=declared)
    assert names(roles) == {"u": Role.INPUT, "w": Role.HIDDEN, "v": Role.OUTPUT, "scale": Role.SCALAR}
    assert [role.fan_in for role in roles.values()] == [5, 8, 8, 1]
    for name in declared:
        with pytest.raises(SpecError, match=rf"'{name}' .* ambiguous; pass roles=\{{'{name}': 'input'\}}"):
            find_roles(Bare(8), Bare(4), declared={key: role for key, role in declared.items() if key != name})
    with pytest.raises(SpecError, match="pass delta_model"):
        find_roles(Bare(4), Bare(4), declared=declared)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"2.wieght": "input"}, "did you mean '2.weight'"),
        ({"2.weight": "hiden"}, "did you mean 'hidden'"),
        ({"2.weight": "scalar"}, "it can be input"),
        ({"2.weight": "input"}, "exactly one"),
        ({"0.weight": "hidden"}, r"dimensions \(0, 1\)"),
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
        (nn.ConvTranspose1d(8, 8, 3), nn.ConvTranspose1d(4, 4, 3), None, "ConvTranspose1d, whose layout is not known"),
    ],
)
def test_mismatches_name_the_parameter(model, base, delta, message):
    with pytest.raises(SpecError, match=message):
        find_roles(model, base, delta_model=delta)


def test_meta_models_will_do():
    with torch.device("meta"):
        base = mlp(4)
    assert find_roles(mlp(8), base)["2.weight"].role is Role.HIDDEN
