"""torchvision's nets: the same nets at torchvision's width, roles found without help, one net at the base width."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from infwidth.models import build_model
from infwidth.parametrization import parametrize
from infwidth.parametrization.roles import Role, find_roles

RESNET = {"name": "torchvision_resnet18"}
VIT = {"name": "torchvision_vit", "head_size": 8, "n_blocks": 2, "mlp_ratio": 2, "patch_size": 8}
SHAPE = (3, 32, 32)


def builder(spec: dict) -> Callable[[int], nn.Module]:
    return lambda width: build_model({**spec, "width": width}, SHAPE, 10)


def images(count: int = 8) -> torch.Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_resnet18_is_torchvision_s_at_its_width() -> None:
    ours, theirs = builder(RESNET)(64), torchvision.models.resnet18(num_classes=10)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for net in (ours, theirs):
        net.eval()
    assert torch.equal(ours(images()), theirs(images()))


def test_vit_is_torchvision_s() -> None:
    ours = builder(VIT)(32)
    theirs = torchvision.models.VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=10)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert torch.equal(ours.eval()(images()), theirs.eval()(images()))


@pytest.mark.parametrize("spec", [RESNET, VIT], ids=lambda spec: spec["name"])
def test_all_dimensions_grow_with_the_width_and_roles_are_found_without_help(spec: dict) -> None:
    with torch.device("meta"):
        narrow, wide, other = (builder(spec)(width) for width in (16, 64, 32))
    roles = find_roles(wide, narrow, delta_model=other)
    by_role: dict[Role | None, set[str]] = {}
    for name, role in roles.items():
        by_role.setdefault(role.role, set()).add(name)
        assert role.fan_in_multiplier in (1, 4)
    matrices = {name for name, parameter in wide.named_parameters() if parameter.dim() > 1}
    ends = {"conv1.weight"} if spec is RESNET else {"conv_proj.weight"}
    head = "fc" if spec is RESNET else "heads.head"
    tokens = set() if spec is RESNET else {"class_token", "encoder.pos_embedding"}
    assert by_role[Role.INPUT] == ends
    assert by_role[Role.OUTPUT] == {f"{head}.weight"}
    assert by_role[Role.SCALAR] == {f"{head}.bias"}
    assert by_role.get(Role.EMBEDDING, set()) == tokens
    assert by_role[Role.HIDDEN] == matrices - ends - tokens - {f"{head}.weight"}
    assert None not in by_role


@pytest.mark.parametrize("spec", [RESNET, VIT], ids=lambda spec: spec["name"])
def test_all_rules_train_one_net_at_the_base_width(spec: dict) -> None:
    losses = {}
    for rule in ("sp", "ntk", "mup"):
        model, base = builder(spec)(16), builder(spec)(16)
        plan = parametrize(model, base, rule, optimizer="adam", lr=1e-3, delta_model=builder(spec)(32))
        plan.init_(model, seed=0)
        optimizer = plan.optimizer(model)
        losses[rule] = []
        for _ in range(3):
            loss = F.cross_entropy(model(images()), torch.arange(8))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[rule].append(loss.item())
    assert losses["sp"] == losses["ntk"] == losses["mup"]
    assert len(set(losses["sp"])) == 3


@pytest.mark.parametrize("spec", [RESNET, VIT], ids=lambda spec: spec["name"])
def test_hidden_layers_put_out_what_nothing_changes_afterwards(spec: dict) -> None:
    model = builder(spec)(16).eval()
    seen, copies = {}, {}
    for name, layer in model.hidden_layers.items():

        def keep(_module: nn.Module, _inputs: tuple, output: torch.Tensor, name: str = name) -> None:
            seen[name], copies[name] = output, output.clone()

        layer.register_forward_hook(keep)
    logits = model(images())
    assert len(seen) == len(model.hidden_layers)
    assert all(torch.equal(seen[name], copies[name]) for name in seen)
    assert torch.equal(model.readout(_before_readout(model, images())), logits)


def _before_readout(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    kept = []
    handle = model.readout.register_forward_pre_hook(lambda _module, inputs: kept.append(inputs[0]))
    model(x)
    handle.remove()
    return kept[0]


def test_the_readout_of_the_vit_is_no_start_of_zeros() -> None:
    model = builder(VIT)(16)
    plan = parametrize(model, builder(VIT)(16), "mup", optimizer="sgd", lr=0.1, delta_model=builder(VIT)(32))
    plan.init_(model, seed=0)
    assert model.readout.weight.std() > 0.1


def test_other_channels_are_the_resnet_s_alone() -> None:
    gray = build_model({**RESNET, "width": 8}, (1, 28, 28), 10)
    assert gray(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    with pytest.raises(ValueError, match="square images of 3 channels whose side is a multiple of 8, not 1×28×28"):
        build_model({**VIT, "width": 16}, (1, 28, 28), 10)
    with pytest.raises(ValueError, match="a width of 20 cannot be divided into heads of 8"):
        build_model({**VIT, "width": 20}, SHAPE, 10)


def test_their_specs_say_what_the_constructors_take() -> None:
    from infwidth.specs.models import TorchvisionResNet18, TorchvisionViT

    assert TorchvisionResNet18(**RESNET, width=64).arguments() == {"width": 64}
    assert build_model(TorchvisionViT(**VIT, width=16).model_dump(), SHAPE, 10).readout.in_features == 16
    with pytest.raises(ValueError, match="no multiple of head_size"):
        TorchvisionViT(**VIT, width=20)


def test_other_models_load_no_torchvision() -> None:
    code = (
        "import sys\n"
        "from infwidth.models import build_model\n"
        "build_model({'name': 'mlp', 'width': 2, 'n_hidden': 1, 'activation': 'tanh', 'bias': False}, (4,), 2)\n"
        "sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
