"""Every layer of a kernel against wide random nets of torch, their empirical tangent kernels, and closed forms."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.activations import ACTIVATIONS, Activation
from infwidth.empirical import empirical_ntk
from infwidth.errors import SpecError
from infwidth.limits.kernels import (
    AvgPool,
    Conv,
    Dense,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    Residual,
    cnn_layers,
    evaluate,
    kernels_of,
    layer_kernels,
    mlp_layers,
)

RNG = np.random.default_rng(7)
POINTS, IMAGES = RNG.standard_normal((4, 5)), RNG.standard_normal((3, 2, 6, 5))
TORCH = {"relu": torch.relu, "erf": torch.erf, "tanh": torch.tanh, "gelu": F.gelu}


class Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        return self.function(h)


class Sum(nn.Module):
    def __init__(self, branch: nn.Module, skip: nn.Module, scale: float) -> None:
        super().__init__()
        self.branch, self.skip, self.scale = branch, skip, scale

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        return self.skip(h) + self.scale * self.branch(h)


def norm_over_channels(h: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(h.movedim(1, -1), (h.shape[1],), eps=0.25).movedim(-1, 1)


def modules(
    net: Sequence[Any], shape: tuple[int, ...], width: int, last: int
) -> tuple[list[nn.Module], tuple[int, ...]]:
    """Return the net as torch modules of ``width``, the last weights having ``last`` outputs, and the shape after."""
    built: list[nn.Module] = []
    for index, layer in enumerate(net):
        out = last if index == len(net) - 1 else width
        match layer:
            case Dense():
                built.append(nn.Linear(shape[0], out, bias=layer.sigma_b > 0))
            case Conv():
                built.append(nn.Conv2d(shape[0], out, layer.size, padding=layer.size // 2, bias=layer.sigma_b > 0))
            case str():
                built.append(Function(TORCH[layer]))
            case Activation():
                built.append(Function(layer.value))
            case AvgPool():
                built.append(nn.AvgPool2d(layer.size))
            case Flatten():
                built.append(nn.Flatten())
            case GlobalAvgPool():
                built.append(Function(lambda h: h.mean((2, 3))))
            case LayerNorm():
                built.append(Function(norm_over_channels))
            case Residual():
                inner = [
                    nn.Sequential(*modules([unwrapped(step) for step in part], shape, width, width)[0])
                    for part in (layer.branch, layer.skip)
                ]
                built.append(Sum(*inner, layer.scale))
        built[-1].sigma = (getattr(layer, "sigma_w", 1.0), getattr(layer, "sigma_b", 0.0))  # type: ignore[assignment]
        shape = tuple(built[-1](torch.zeros(2, *shape)).shape[1:])
    return built, shape


def unwrapped(layer: Any) -> Any:
    return layer.activation.name if hasattr(layer, "activation") else layer


def finite(net: Sequence[Any], x: torch.Tensor, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return NNGP (of the features read out) and NTK of one net in the NTK parametrization."""
    body, shape = modules(net[:-1], tuple(x.shape[1:]), width, width)
    readout = nn.Linear(shape[0], 1, bias=net[-1].sigma_b > 0)
    readout.sigma = (net[-1].sigma_w, net[-1].sigma_b)  # type: ignore[assignment]
    module = nn.Sequential(*body, readout).double()
    generator, rates = torch.Generator().manual_seed(seed), {}
    with torch.no_grad():
        for name, part in module.named_modules():
            for kind, p in part.named_parameters(recurse=False):
                σ_w, σ_b = part.sigma  # type: ignore[misc]
                std = σ_b if kind == "bias" else σ_w / math.sqrt(p[0].numel())
                p.copy_(std * torch.randn(p.shape, generator=generator, dtype=torch.float64))
                rates[f"{name}.{kind}"] = std**2
        a = module[:-1](x)
    nngp = net[-1].sigma_w ** 2 * a @ a.T / a.shape[1] + net[-1].sigma_b ** 2
    return nngp.numpy(), empirical_ntk(module, x, rates=rates).numpy()


COSINE = Activation("cosine", lambda h: h.cos() if isinstance(h, torch.Tensor) else np.cos(h), lambda h: -np.sin(h))

NETS: dict[str, tuple[list[Any], np.ndarray, tuple[int, int]]] = {
    "biases and tanh": ([Dense(sigma_b=0.4), "tanh", Dense(sigma_w=1.2, sigma_b=0.3)], POINTS, (64, 1024)),
    "gelu": ([Dense(), "gelu", Dense(sigma_w=1.5), "gelu", Dense()], POINTS, (64, 1024)),
    "residual": (
        [
            Dense(),
            Residual("relu", Dense(sigma_b=0.3), scale=0.8),
            Residual("erf", Dense(sigma_w=1.2)),
            "relu",
            Dense(),
        ],
        POINTS,
        (64, 512),
    ),
    "residual with a skip": (
        [Dense(), Residual("relu", Dense(), "erf", Dense(), skip=[Dense(sigma_w=0.7)]), "tanh", Dense()],
        POINTS,
        (64, 512),
    ),
    "layer norm": (
        [Dense(sigma_w=2.0), LayerNorm(eps=0.25), "relu", Dense(), LayerNorm(eps=0.25), "erf", Dense()],
        POINTS,
        (64, 512),
    ),
    "convolution and mean": (
        [Conv(sigma_w=1.3, sigma_b=0.5), "erf", Conv(), "relu", GlobalAvgPool(), Dense()],
        IMAGES,
        (16, 192),
    ),
    "large filters and pooling": (
        [Conv(size=5, sigma_b=0.3), "relu", AvgPool(2), Conv(size=1), "tanh", Flatten(), Dense(sigma_b=0.2)],
        IMAGES,
        (16, 192),
    ),
    "pooling by three and mean": (
        [Conv(), AvgPool(3), "gelu", Conv(), "relu", GlobalAvgPool(), Dense()],
        np.pad(IMAGES, ((0, 0), (0, 0), (0, 1), (0, 2)), "reflect"),
        (16, 192),
    ),
    "a residual net": (
        [
            Conv(sigma_w=1.4),
            Residual("relu", Conv(sigma_w=1.4), "relu", Conv(sigma_w=1.4), scale=0.5),
            LayerNorm(eps=0.25),
            Residual("relu", Conv(), AvgPool(), skip=[AvgPool(), Conv(size=1)]),
            "erf",
            GlobalAvgPool(),
            Dense(),
        ],
        IMAGES,
        (16, 192),
    ),
    "padding after an activation that is one at zero": (
        [Conv(), COSINE, Conv(), "relu", GlobalAvgPool(), Dense()],
        IMAGES,
        (16, 192),
    ),
    "mean of preactivations": ([Conv(), GlobalAvgPool(), "erf", Dense()], IMAGES, (64, 1024)),
}


@pytest.mark.parametrize("name", NETS)
def test_wide_nets_of_torch_tend_to_the_kernels(name: str) -> None:
    net, x, widths = NETS[name]
    limit, seeds = kernels_of(net, x), 12
    deviations: list[list[float]] = []
    for width in widths:
        sample = [finite(net, torch.from_numpy(x), width, seed) for seed in range(seeds)]
        deviations.append([])
        for exact, found in zip(limit, np.moveaxis(np.array(sample), 1, 0), strict=True):
            size = np.linalg.norm(exact)
            rms = math.sqrt(((found - exact) ** 2).sum(axis=(1, 2)).mean()) / size
            deviations[-1].append(rms)
            # The mean is off by the error of the mean, and by a bias of order 1/width.
            assert np.linalg.norm(found.mean(axis=0) - exact) / size < 3 * rms / math.sqrt(seeds)
    for narrow, wide in zip(*deviations, strict=True):
        # The rms deviation falls as width^(-1/2): less than half as fast would be a limit that is wrong.
        assert wide / narrow < 1.5 * math.sqrt(widths[0] / widths[1])


def assert_equal_kernels(one: Any, other: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(one.nngp, other.nngp, rtol=rtol)
    np.testing.assert_allclose(one.ntk, other.ntk, rtol=rtol)


def test_layer_norm_leaves_the_angle_only() -> None:
    normed = [Dense(sigma_w=3.0), LayerNorm(), "unit_relu", Dense()]
    sizes = np.array([0.1, 1.0, 7.0, 300.0])
    of_sphere = POINTS / np.sqrt((POINTS**2).mean(axis=1))[:, None]
    assert_equal_kernels(kernels_of(normed, sizes[:, None] * POINTS), kernels_of(normed, POINTS))
    # On the sphere there is nothing to normalize.
    assert_equal_kernels(kernels_of(normed, POINTS), kernels_of(mlp_layers(1, "unit_relu"), of_sphere))


def test_a_mean_of_what_is_linear_is_of_the_mean_image() -> None:
    averaged = kernels_of([Conv(size=1, sigma_b=0.3), GlobalAvgPool(), "relu", Dense()], IMAGES)
    assert_equal_kernels(averaged, kernels_of([Dense(sigma_b=0.3), "relu", Dense()], IMAGES.mean(axis=(2, 3))))


@pytest.mark.parametrize("readout", [Flatten(), GlobalAvgPool()])
def test_constant_images_are_points_to_filters_of_one_pixel(readout: Any) -> None:
    points = IMAGES[:, :, 0, 0]
    images = np.broadcast_to(points[:, :, None, None], (3, 2, 4, 3))
    net = [Conv(size=1), "erf", Conv(size=1, sigma_b=0.2), "erf", readout, Dense()]
    assert_equal_kernels(
        kernels_of(net, images), kernels_of([Dense(), "erf", Dense(sigma_b=0.2), "erf", Dense()], points)
    )


def test_pooling_is_the_same_at_once_or_after_a_linear_filter_of_one_pixel() -> None:
    whole = np.tile(IMAGES, (1, 1, 1, 2))[..., :6]
    rest = ["relu", Conv(), "relu", Flatten(), Dense()]
    pooled = whole.reshape(3, 2, 3, 2, 3, 2).mean(axis=(3, 5))
    assert_equal_kernels(
        kernels_of([Conv(size=1), AvgPool(), *rest], whole), kernels_of([Conv(size=1), *rest], pooled), 1e-10
    )


def test_variances_of_residual_nets_grow_geometrically() -> None:
    """Σ_{l+1} = (1 + β²) Σ_l and Θ_{l+1} = (1 + β²) Θ_l + β² Σ_l on the diagonal, for √2·ReLU and its unit slope."""
    depth = 12
    β = 1 / math.sqrt(depth)
    got = kernels_of([Dense(), *[Residual("unit_relu", Dense(), scale=β)] * depth, "unit_relu", Dense()], POINTS)
    v, growth = (POINTS**2).mean(axis=1), (1 + β**2) ** depth
    np.testing.assert_allclose(np.diagonal(got.nngp), growth * v, rtol=1e-12)
    # One more Σ from the readout.
    np.testing.assert_allclose(np.diagonal(got.ntk), growth * v * (2 + depth * β**2 / (1 + β**2)), rtol=1e-12)


def test_residuals_without_branch_or_with_it_alone() -> None:
    plain = kernels_of([Dense(), "relu", Dense()], POINTS)
    assert_equal_kernels(kernels_of([Dense(), Residual("erf", Dense(), scale=0.0), "relu", Dense()], POINTS), plain)
    # Two independent halves of one linear map.
    halves = Residual(Dense(sigma_w=0.6), skip=[Dense(sigma_w=0.8)])
    assert_equal_kernels(
        kernels_of([Dense(), halves, "erf", Dense()], POINTS), kernels_of([Dense(), Dense(), "erf", Dense()], POINTS)
    )


@pytest.mark.parametrize("net", [mlp_layers(2, "erf", sigma_b=0.3), cnn_layers(2, pooling=True, readout="mean")])
def test_tiles_and_sides_change_nothing(net: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    x = RNG.standard_normal((7, 5)) if net[0] == Dense(sigma_b=0.3) else RNG.standard_normal((7, 2, 6, 5))
    whole, block = kernels_of(net, x), kernels_of(net, x[:3], x[2:])
    for kernel in whole:
        np.testing.assert_array_equal(kernel, kernel.T)
    for small, large in zip(block, whole, strict=True):
        np.testing.assert_allclose(small, large[:3, 2:], rtol=1e-12)
    monkeypatch.setattr(evaluate, "TILE", 11 if x.ndim == 2 else 3000)
    assert_equal_kernels(kernels_of(net, x), whole, 1e-14)
    assert_equal_kernels(kernels_of(net, x[:3], x[2:]), block, 1e-14)


def test_images_without_positions_are_flattened() -> None:
    net = mlp_layers(2, "relu")
    assert_equal_kernels(kernels_of([Flatten(), *net], IMAGES), kernels_of(net, IMAGES.reshape(3, -1)), 0.0)
    assert_equal_kernels(layer_kernels(net, IMAGES.reshape(3, -1)), kernels_of(net, IMAGES.reshape(3, -1)), 0.0)


@pytest.mark.parametrize(
    ("net", "x", "message"),
    [
        ([], POINTS, "needs weights"),
        (["relu", Dense()], POINTS, "relu must follow Dense"),
        ([Dense(), "relu", "relu", Dense()], POINTS, "relu must follow Dense"),
        ([Dense(), "relu", LayerNorm(), Dense()], POINTS, "LayerNorm must follow"),
        ([LayerNorm(), Dense()], POINTS, "LayerNorm must follow"),
        ([Dense(), "rleu", Dense()], POINTS, "did you mean 'relu'"),
        ([Dense(), 3.0], POINTS, "3.0 is no layer: take one of Dense, Conv"),
        ([Conv(), "relu", Dense()], IMAGES, r"Dense needs inputs without positions, not \(6, 5\)"),
        ([Conv(), "relu"], IMAGES, "must end without positions"),
        ([Conv(), "relu", Flatten(), "erf", Dense()], IMAGES, "erf must follow"),
        ([Conv(), Flatten(), Dense()], POINTS, "x1 must be non-empty images"),
        ([Dense(), Conv(), Flatten()], POINTS, "Conv needs images"),
        ([Dense(), GlobalAvgPool(), Dense()], POINTS, "GlobalAvgPool needs images"),
        ([Flatten()], IMAGES, "needs weights"),
        ([Dense()], POINTS * 1j, "x1 holds complex numbers"),
        ([Dense()], np.array([["a", "b"]]), "x1 cannot be read as numbers"),
        ([Residual(Dense()), Dense()], POINTS, "cannot reach back to the inputs"),
        (
            [Conv(), Residual(AvgPool(), Conv()), Flatten(), Dense()],
            IMAGES,
            r"ends with sides \(3, 2\), its skip with \(6, 5\)",
        ),
    ],
)
def test_nets_without_meaning_are_refused(net: list[Any], x: np.ndarray, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        kernels_of(net, x)


def test_tensors_are_taken_whatever_graph_they_are_of() -> None:
    of_graph = torch.tensor(POINTS, requires_grad=True) * 1.0
    assert_equal_kernels(kernels_of([Dense()], of_graph), kernels_of([Dense()], POINTS), 0.0)


def test_layers_without_meaning_are_refused() -> None:
    with pytest.raises(SpecError, match="must end in Dense or Conv"):
        Residual(Dense(), "relu")
    with pytest.raises(SpecError, match="odd and positive, not 2"):
        Conv(size=2)
    with pytest.raises(SpecError, match="sigma_w must be positive"):
        Dense(sigma_w=0.0)
    with pytest.raises(SpecError, match="scale of a Residual"):
        Residual(Dense(), scale=-1.0)
    with pytest.raises(SpecError, match="size of a pooling"):
        AvgPool(0)
    with pytest.raises(SpecError, match="layer_kernels takes Dense, activation"):
        layer_kernels([Dense(), Dense()], POINTS)


def test_activations_are_what_torch_has() -> None:
    h = np.linspace(-3, 3, 13)
    for name, activation in ACTIVATIONS.items():
        tensor = torch.from_numpy(h).requires_grad_()
        value = activation.value(tensor)
        (slope,) = torch.autograd.grad(value.sum(), tensor)
        if name in TORCH:
            torch.testing.assert_close(value, TORCH[name](tensor), rtol=0, atol=0)
        np.testing.assert_allclose(activation.value(h), value.detach().numpy(), rtol=1e-14, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(activation.slope(h), slope.numpy(), rtol=1e-12, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(activation.slope(tensor).detach(), slope, rtol=1e-12, atol=1e-15)
