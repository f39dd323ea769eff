"""torchvision's ResNet-18 and ViT, unmodified, made width-independent: which role each parameter has, and a check.

    ./run python examples/parametrize_torchvision.py

Both nets are torchvision's own modules; what is needed beside them is the same net at two more widths. How ResNet-18,
whose constructor has no width, gets one is said in infwidth.models.torchvision_resnet.
"""

from collections import Counter
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import VisionTransformer

from infwidth.models.torchvision_resnet import TorchvisionResNet18
from infwidth.parametrization import CoordinateCheck, Plan, coordinate_check, parametrize

BASE_WIDTH, WIDTHS, SIDE, CLASSES = 32, (32, 64, 128, 256), 32, 10


def resnet18(width: int) -> nn.Module:
    """Return ResNet-18 with ``width`` channels in its first stage (torchvision's own has 64)."""
    return TorchvisionResNet18((3, SIDE, SIDE), CLASSES, width=width)


def vit(width: int) -> nn.Module:
    """Return a small ViT; its heads keep their size, so that a wider net has more of them."""
    return VisionTransformer(
        image_size=SIDE,
        patch_size=8,
        num_layers=2,
        num_heads=width // 8,
        hidden_dim=width,
        mlp_dim=2 * width,
        num_classes=CLASSES,
    )


def plan_for(build: Callable[[int], nn.Module], model: nn.Module, base: nn.Module, rule: str, lr: float) -> Plan:
    """Return the plan of a net whose base has ``BASE_WIDTH``; a second width tells which dimensions grow."""
    with torch.device("meta"):
        other = build(2 * BASE_WIDTH)
    return parametrize(model, base, rule, optimizer="adam", lr=lr, delta_model=other)


def check(build: Callable[[int], nn.Module], rule: str, lr: float = 1e-3) -> CoordinateCheck:
    """Return the coordinate check on one batch of random images."""
    images = torch.randn(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return coordinate_check(
        build,
        lambda model, base: plan_for(build, model, base, rule, lr),
        WIDTHS,
        base_width=BASE_WIDTH,
        inputs=images,
        targets=torch.arange(16) % CLASSES,
        loss=F.cross_entropy,
        n_steps=2,
        n_seeds=2,
    )


def main() -> None:
    """Print how many parameters have which role in both nets, and the verdicts on the ViT."""
    for build in (resnet18, vit):
        plan = plan_for(build, build(2 * BASE_WIDTH), build(BASE_WIDTH), "mup", lr=1e-3)
        roles = Counter(str(parameter.role) for parameter in plan.values())
        print(f"{build.__name__}: {', '.join(f'{count} {role}' for role, count in sorted(roles.items()))}")
    for rule in ("mup", "sp"):  # the second is PyTorch's habit, as a negative control
        print(check(vit, rule).explain())


if __name__ == "__main__":
    main()
