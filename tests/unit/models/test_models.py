"""Models: shapes, declared layers, residual branches, attention, roles, and what they refuse."""

import math

import pytest
import torch
from torch import nn

from infwidth.models import Model, build_model
from infwidth.models.attention import Attention
from infwidth.models.residual_mlp import ResidualMLP
from infwidth.models.resnet import ResNet
from infwidth.models.transformer import Transformer
from infwidth.models.vit import ViT
from infwidth.parametrization import find_roles, parametrize

BRANCH = {"branch_multiplier": 3.0, "branch_power": "1/2"}
ATTENTION = {"width": 8, "n_heads": 2, "n_blocks": 2, "mlp_ratio": 2, "attention_multiplier": 4.0, **BRANCH}
MLP = {"name": "mlp", "width": 7, "n_hidden": 3, "activation": "unit_relu", "bias": True}
CNN = {"name": "cnn", "width": 5, "n_convolutions": 2}
RESIDUAL_MLP = {"name": "residual_mlp", "width": 7, "n_blocks": 4, "activation": "tanh", **BRANCH}
RESNET = {"name": "resnet", "width": 4, "blocks": [1, 2], "stem_stride": 1, "norm": "none", **BRANCH}
VIT = {"name": "vit", "patch_size": 4, **ATTENTION}
TRANSFORMER = {"name": "transformer", **ATTENTION}
NETS = [
    (MLP, (1, 6, 6)),
    (CNN, (3, 9, 9)),
    ({"name": "myrtle_cnn", "width": 5}, (3, 9, 9)),
    ({"name": "conv_mixer", "width": 5}, (3, 9, 9)),
    (RESIDUAL_MLP, (3, 5, 5)),
    (RESNET, (3, 9, 7)),
    ({**RESNET, "norm": "layer"}, (3, 9, 7)),
    ({**RESNET, "norm": "batch"}, (3, 9, 7)),
    ({**RESNET, "blocks": [2, 2, 2, 2]}, (3, 8, 8)),
    (VIT, (3, 9, 13)),
    (TRANSFORMER, (6,)),
]
WITHOUT_SKIPS = {"mlp", "cnn", "myrtle_cnn", "conv_mixer"}
ALL_HIDDEN_WEIGHTS_HAVE_A_LAYER = {*WITHOUT_SKIPS, "residual_mlp", "resnet"}


def case(net: tuple) -> str:
    return "_".join([net[0]["name"], net[0].get("norm", "")]).strip("_")


def initialised(spec: dict, shape: tuple, n_outputs: int) -> Model:
    model = build_model(spec, shape, n_outputs)
    parametrize(model, model, "mup", optimizer="sgd", lr=0.1).init_(model, 0)
    return model


def inputs(shape: tuple, n: int = 2, n_tokens: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if len(shape) == 1:
        return torch.randint(0, n_tokens, (n, *shape), generator=generator, dtype=torch.int32)
    return torch.randn(n, *shape, generator=generator)


@pytest.mark.parametrize("net", NETS, ids=case)
def test_hidden_layers_are_called_in_order(net: tuple) -> None:
    spec, shape = net
    model = build_model(spec, shape, 4)
    called = []
    for name, layer in model.hidden_layers.items():
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    assert model(inputs(shape)).shape == ((2, 6, 4) if spec["name"] == "transformer" else (2, 4))
    assert called == list(model.hidden_layers)
    if spec["name"] in ALL_HIDDEN_WEIGHTS_HAVE_A_LAYER:
        inside = {id(p) for layer in model.hidden_layers.values() for p in layer.parameters()}
        outside = {name for name, p in model.named_parameters() if id(p) not in inside}
        assert outside <= {"readout.weight", "readout.bias", "norm.weight", "norm.bias"}


@pytest.mark.parametrize("net", NETS, ids=case)
def test_residual_branches_and_queries_are_found(net: tuple) -> None:
    spec, shape = net
    model = build_model(spec, shape, 4)
    n_branches = {"residual_mlp": 4, "resnet": sum(spec.get("blocks", [])), "vit": 4, "transformer": 4}
    assert len(model.residual_branches) == n_branches.get(spec["name"], 0)
    assert len(model.queries) == (2 if spec["name"] in ("vit", "transformer") else 0)
    inside = {id(p) for branch in model.residual_branches for p in branch.parameters()}
    outside = {name.split(".")[0] for name, p in model.named_parameters() if id(p) not in inside}
    if spec["name"] == "resnet":
        skips = {name for name, p in model.named_parameters() if ".skip." in name}
        assert len(skips) == len(spec["blocks"]) - 1
        assert all(id(p) not in inside for name, p in model.named_parameters() if name in skips)
    elif spec["name"] not in WITHOUT_SKIPS:
        assert outside <= {"stem", "token", "patches", "position", "norm", "readout"}


@pytest.mark.parametrize("net", [net for net in NETS if net[0]["name"] not in WITHOUT_SKIPS], ids=case)
@pytest.mark.parametrize(("power", "exponent"), [("0", 0.0), ("1/2", 0.5), ("1", 1.0)])
def test_each_branch_is_multiplied_by_beta_over_a_power_of_their_number(
    net: tuple, power: str, exponent: float
) -> None:
    spec, shape = net
    model = initialised({**spec, "branch_power": power}, shape, 4).eval()
    expected = 3.0 / len(model.residual_branches) ** exponent
    residuals = [module for module in model.modules() if hasattr(module, "branch")]
    seen = []
    for residual in residuals:

        def hook(module: nn.Module, arguments: tuple, output: torch.Tensor) -> None:
            (h,) = arguments
            seen.append(torch.allclose(output, module.skip(h) + expected * module.branch(h), atol=1e-5))

        residual.register_forward_hook(hook)
    model(inputs(shape))
    assert seen == [True] * len(model.residual_branches)


def test_residual_mlp_is_its_formula() -> None:
    model = initialised(RESIDUAL_MLP, (3, 5, 5), 4)
    assert isinstance(model, ResidualMLP)
    stem, *hidden, readout = model.parameters()
    x = inputs((3, 5, 5))
    h = x.flatten(1) @ stem.T
    for weight in hidden:
        h = h + 3 / math.sqrt(4) * h.tanh() @ weight.T
    torch.testing.assert_close(model(x), h.tanh() @ readout.T)


@pytest.mark.parametrize(
    ("power", "growth"), [("0", 2.0**32), ("1/2", (1 + 1 / 32) ** 32), ("1", (1 + 1 / 1024) ** 32)]
)
def test_the_stream_grows_as_the_branches_scale(power: str, growth: float) -> None:
    """E h² grows by 1 + L^-2α in each of the L = 32 blocks of a linear net."""
    spec = {**RESIDUAL_MLP, "width": 256, "n_blocks": 32, "activation": "linear", "branch_multiplier": 1.0}
    model = initialised({**spec, "branch_power": power}, (3, 5, 5), 4)
    stream = {}
    for name in ("h1", "h33"):
        model.hidden_layers[name].register_forward_hook(lambda *call, name=name: stream.update({name: call[2]}))
    model(inputs((3, 5, 5), n=64))
    found = (stream["h33"].square().mean() / stream["h1"].square().mean()).item()
    assert math.log(found) == pytest.approx(math.log(growth), rel=0.05, abs=0.02)


def test_resnet_halves_sides_and_doubles_channels() -> None:
    model = build_model({**RESNET, "blocks": [2, 1, 1]}, (3, 9, 13), 4)
    shapes = {}
    for name, layer in model.hidden_layers.items():
        layer.register_forward_hook(lambda *a, name=name: shapes.update({name: tuple(a[2].shape[1:])}))
    model(inputs((3, 9, 13)))
    assert list(shapes.values()) == [(4, 9, 13), (4, 9, 13), (4, 9, 13), (8, 5, 7), (16, 3, 4)]


def test_resnet_18_has_its_convolutions() -> None:
    model = build_model(
        {**RESNET, "width": 64, "blocks": [2, 2, 2, 2], "stem_stride": 1, "norm": "batch"}, (3, 32, 32), 10
    )
    assert isinstance(model, ResNet)
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 1 + 16 + 3
    # The ResNet-18 that is usual for CIFAR-10 has 11 173 962 parameters, 9600 of them in norms and 10 in a bias.
    assert sum(layer.weight.numel() for layer in convolutions) + model.readout.weight.numel() == 11_173_962 - 9610


@pytest.mark.parametrize("net", NETS, ids=case)
def test_memory_format_does_not_change_the_output(net: tuple) -> None:
    spec, shape = net
    model = initialised(spec, shape, 4)
    x = inputs(shape)
    expected = model(x)
    if x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model.to(memory_format=torch.channels_last)(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("is_causal", [True, False])
def test_attention_is_its_maps_times_the_values(is_causal: bool) -> None:
    torch.manual_seed(0)
    attention = Attention(12, 3, multiplier=7.0, is_causal=is_causal)
    h = torch.randn(2, 5, 12)
    maps = attention.maps(h)
    assert maps.shape == (2, 3, 5, 5)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 3, 5))
    z = attention.norm(h)
    values = attention.value(z).reshape(2, 5, 3, 4)
    torch.testing.assert_close(attention(h), attention.out(torch.einsum("phts,pshd->pthd", maps, values).flatten(2)))
    # one entry by hand: the last position's logits in the last head are 7 q·k/d
    q, k = attention.query(z)[1, 4, 8:], attention.key(z)[1, :, 8:]
    torch.testing.assert_close(maps[1, 2, 4], (7.0 * k @ q / 4).softmax(0))
    assert (maps.triu(1) == 0).all().item() is is_causal


def test_attention_maps_are_those_of_the_forward_pass() -> None:
    model = initialised(TRANSFORMER, (6,), 4)
    assert isinstance(model, Transformer)
    ids = inputs((6,))
    streams = []
    for attention in model.attentions:
        attention.register_forward_pre_hook(lambda _, arguments: streams.append(arguments[0]))
    model(ids)
    expected = [attention.maps(h) for attention, h in zip(model.attentions, streams[:2], strict=True)]
    found = model.attention_maps(ids)
    assert list(found) == ["attention1", "attention2"]
    for one, other in zip(found.values(), expected, strict=True):
        assert one.shape == (2, 2, 6, 6)
        torch.testing.assert_close(one, other)
    assert not torch.allclose(*expected)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_a_later_token_does_not_change_earlier_logits(dtype: torch.dtype) -> None:
    model = initialised(TRANSFORMER, (6,), 4)
    ids = inputs((6,)).to(dtype)
    changed = ids.clone()
    changed[:, 3] = (ids[:, 3] + 1) % 4
    difference = (model(ids) - model(changed)).abs().amax((0, 2))
    assert (difference[:3] == 0).all()
    assert (difference[3:] > 1e-4).all()
    torch.testing.assert_close(model(ids[:, :4]), model(ids)[:, :4])


def test_image_nets_read_the_mean_over_positions() -> None:
    final = []
    for spec in (VIT, {**RESNET, "norm": "layer"}):
        model = initialised(spec, (3, 8, 8), 4)
        list(model.hidden_layers.values())[-1].register_forward_hook(lambda *call: final.append(call[2]))
        output = model(inputs((3, 8, 8)))
        z = final[-1]
        mean = z.mean(1) if spec is VIT else math.sqrt(2) * model.norm(z).relu().mean((2, 3))
        torch.testing.assert_close(output, mean @ model.readout.weight.T)


def test_vision_transformer_sees_all_patches_and_where_they_are() -> None:
    model = initialised(VIT, (3, 8, 8), 4)
    assert isinstance(model, ViT)
    x = inputs((3, 8, 8), n=1)
    for i in (0, 4):
        for j in (0, 4):
            changed = x.clone()
            changed[..., i : i + 4, j : j + 4] = 0
            assert not torch.allclose(model(changed), model(x))
    swapped = x.roll(4, -1)
    assert not torch.allclose(model(swapped), model(x))
    nn.init.zeros_(model.position.weight)
    torch.testing.assert_close(model(swapped), model(x))


ROLES = {
    "token": "embedding",
    "position": "embedding",
    "patches": "input",
    "stem": "input",
    "norm": "norm",
    "readout": "output",
}


@pytest.mark.parametrize("net", [net for net in NETS if net[0]["name"] not in WITHOUT_SKIPS], ids=case)
def test_roles_are_the_theory_s(net: tuple) -> None:
    spec, shape = net
    model, base = (build_model({**spec, "width": width}, shape, 4) for width in (32, 8))
    found = find_roles(model, base)
    norms = {
        f"{name}.{key}"
        for name, module in model.named_modules()
        if isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d))
        for key, _ in module.named_parameters()
    }
    expected = {name: "norm" if name in norms else ROLES.get(name.split(".")[0], "hidden") for name in found}
    assert {name: role.role for name, role in found.items()} == expected
    assert {float(role.fan_in_multiplier) for role in found.values() if role.role == "hidden"} == {4.0}
    assert {float(role.fan_out_multiplier) for role in found.values() if role.role == "hidden"} == {4.0}


@pytest.mark.parametrize("activation", ["unit_relu", "linear"])
def test_activations_with_unit_gain_keep_the_second_moment(activation: str) -> None:
    model = build_model(
        {"name": "mlp", "width": 4, "n_hidden": 1, "activation": activation, "bias": False}, (1, 2, 2), 2
    )
    h = torch.randn(10**6, generator=torch.Generator().manual_seed(0))
    assert model.activation(h).square().mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        ({**CNN, "n_convolutions": 4}, (1, 14, 14), "at least 16 pixels a side, not 14×14"),
        ({**RESNET, "blocks": [1, 1, 1, 1]}, (3, 7, 9), "4 stages need images of at least 8 pixels a side, not 7×9"),
        ({**RESNET, "norm": "batchnorm"}, (3, 8, 8), "unknown norm 'batchnorm'"),
        ({**VIT, "patch_size": 8}, (3, 16, 7), "16×7 pixels hold no patch of 8×8"),
        ({**VIT, "n_heads": 3}, (3, 8, 8), "a width of 8 cannot be divided among 3 heads"),
        ({**TRANSFORMER, "n_heads": 3}, (6,), "a width of 8 cannot be divided among 3 heads"),
        ({**MLP, "activation": "sine"}, (1, 2, 2), "activation 'sine' is unknown"),
        ({"name": "lstm"}, (6,), "unknown model 'lstm'"),
    ],
)
def test_what_cannot_be_built_is_refused(spec: dict, shape: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_model(spec, shape, 4)


def test_more_tokens_than_the_context_are_refused() -> None:
    with pytest.raises(ValueError, match="7 tokens are more than the context of 6"):
        build_model(TRANSFORMER, (6,), 4)(inputs((7,)))
