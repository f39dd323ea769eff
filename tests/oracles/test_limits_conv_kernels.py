"""Convolutional kernels against the recursion over all pairs of positions, and against wide nets by autograd."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from infwidth.activations import ACTIVATIONS
from infwidth.errors import SpecError
from infwidth.limits.kernels import cnn_kernels, evaluate, mlp_kernels
from infwidth.models.cnn import CNN

RELU = ACTIVATIONS["unit_relu"].dual


def images(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, *shape))


def convolve(S: np.ndarray) -> np.ndarray:
    """Mean over nine common shifts of S[h, w, h', w'], zero outside."""
    H, W = S.shape[:2]
    P = np.pad(S, 1)
    return sum(P[a : a + H, b : b + W, a : a + H, b : b + W] for a in range(3) for b in range(3)) / 9


def pool(S: np.ndarray) -> np.ndarray:
    h, w = S.shape[0] // 2, S.shape[1] // 2
    return S[: 2 * h, : 2 * w, : 2 * h, : 2 * w].reshape(h, 2, w, 2, h, 2, w, 2).mean((1, 3, 5, 7))


def all_pairs(x1: np.ndarray, x2: np.ndarray, n: int, pooling: bool, readout: str) -> tuple[float, float]:
    """NNGP and NTK of two images with all position pairs [h, w, h', w'] of (x1, x2), (x1, x1) and (x2, x2)."""
    a, b, c = (convolve(np.einsum("chw,cij->hwij", p, q) / len(p)) for p, q in ((x1, x2), (x1, x1), (x2, x2)))
    Θ = a
    for layer in range(n):
        va, vc = np.einsum("hwhw->hw", b), np.einsum("hwhw->hw", c)
        (K, slope), (Kb, _), (Kc, _) = (
            RELU(S, u[:, :, None, None], v[None, None]) for S, u, v in ((a, va, vc), (b, va, va), (c, vc, vc))
        )
        T = slope * Θ
        if pooling:
            K, T, Kb, Kc = pool(K), pool(T), pool(Kb), pool(Kc)
        if layer < n - 1:
            a, b, c = convolve(K), convolve(Kb), convolve(Kc)
            Θ = a + convolve(T)
    read = np.mean if readout == "mean" else lambda S: np.einsum("hwhw->hw", S).mean()
    return float(read(K)), float(read(K + T))


@pytest.mark.parametrize("readout", ["flatten", "mean"])
@pytest.mark.parametrize(
    ("shape", "n", "pooling"),
    [((1, 8, 8), 2, False), ((1, 8, 8), 2, True), ((3, 7, 9), 2, True), ((2, 5, 1), 3, False), ((1, 14, 10), 3, True)],
)
def test_offsets_are_the_recursion_over_all_pairs(
    shape: tuple[int, ...], n: int, pooling: bool, readout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "TILE", 2000)  # several tiles
    x1, x2 = images(4, *shape), images(3, *shape, seed=1)
    x1[0, :, :4, :4] = 0.0  # positions without variance
    options = {"n_convolutions": n, "pooling": pooling, "readout": readout}
    for left, right in ((x1, x2), (x1, x1)):
        expected = np.array([[all_pairs(p, q, n, pooling, readout) for q in right] for p in left])
        got = cnn_kernels(left, None if right is left else right, **options)
        np.testing.assert_allclose(got.nngp, expected[..., 0], atol=1e-7)
        np.testing.assert_allclose(got.ntk, expected[..., 1], atol=1e-7)
    assert (got.ntk == got.ntk.T).all()
    assert np.linalg.eigvalsh(got.ntk)[0] > -1e-10


@pytest.mark.parametrize("readout", ["flatten", "mean"])
def test_one_pixel_is_a_multilayer_perceptron(readout: str) -> None:
    """Of every 3×3 filter only the middle weight meets a 1×1 image: weights of variance 1/9."""
    x = images(5, 4, 1, 1)
    got = cnn_kernels(x, n_convolutions=3, pooling=False, readout=readout)
    plain = mlp_kernels(x[:, :, 0, 0], n_hidden=3, activation="unit_relu", sigma_w=1 / 3, sigma_b=0.0)
    # The readout has no filter: its weights have variance 1.
    np.testing.assert_allclose(got.nngp, 9 * plain.nngp, rtol=1e-12)
    np.testing.assert_allclose(got.ntk, 9 * plain.ntk, rtol=1e-12)


def empirical(x: torch.Tensor, width: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """NTK by autograd of one ``models.CNN`` with N(0, 1/fan-in) weights, and its features' estimate of the NNGP.

    In the NTK parametrization a weight is W = w / √fan-in: its gradient is that of W over √fan-in.
    """
    net = CNN((x.shape[1], x.shape[2], x.shape[3]), 1, width=width, n_convolutions=n).double()
    generator = torch.Generator().manual_seed(seed)
    scales = [1 / math.sqrt(p[0].numel()) for p in net.parameters()]
    with torch.no_grad():
        for p, scale in zip(net.parameters(), scales, strict=True):
            p.copy_(scale * torch.randn(p.shape, generator=generator, dtype=torch.float64))
    rows = []
    for f in net(x)[:, 0]:
        gradients = torch.autograd.grad(f, list(net.parameters()), retain_graph=True)
        rows.append(torch.cat([s * g.flatten() for s, g in zip(scales, gradients, strict=True)]))
    z = x
    for layer in net.convolutions:
        z = F.avg_pool2d(math.sqrt(2) * torch.relu(layer(z)), 2)
    features = z.flatten(1).detach()
    jacobian = torch.stack(rows)
    return (jacobian @ jacobian.T).numpy(), (features @ features.T / features.shape[1]).numpy()


def test_wide_nets_of_the_project_tend_to_the_limit() -> None:
    n, seeds, x = 2, 12, images(4, 2, 9, 8)
    limit = cnn_kernels(x, n_convolutions=n, pooling=True)
    deviations = []
    for width in (16, 256):
        sample = [empirical(torch.from_numpy(x), width, n, seed) for seed in range(seeds)]
        for exact, finite in zip((limit.ntk, limit.nngp), np.moveaxis(np.array(sample), 1, 0), strict=True):
            norm = np.linalg.norm(exact)
            deviations.append(math.sqrt(((finite - exact) ** 2).sum(axis=(1, 2)).mean()) / norm)
            assert np.linalg.norm(finite.mean(axis=0) - exact) / norm < 3 * deviations[-1] / math.sqrt(seeds)
    # The rms deviation falls as width^{-1/2}: by 4 from 16 to 256.
    for narrow, wide in zip(deviations[:2], deviations[2:], strict=True):
        assert wide < 0.4 * narrow


def test_what_has_no_meaning_is_refused() -> None:
    x = images(2, 1, 6, 6)
    with pytest.raises(SpecError, match=r"points, channels, height, width"):
        cnn_kernels(x[0], n_convolutions=1, pooling=False)
    with pytest.raises(SpecError, match=r"x1 has images of shape \(1, 6, 6\) but x2 of \(1, 6, 5\)"):
        cnn_kernels(x, x[..., :5], n_convolutions=1, pooling=False)
    with pytest.raises(SpecError, match="poolings leave images of 1×1 pixels"):
        cnn_kernels(x, n_convolutions=3, pooling=True)
    with pytest.raises(SpecError, match="n_convolutions must be at least 1"):
        cnn_kernels(x, n_convolutions=0, pooling=True)
    with pytest.raises(SpecError, match="known: flatten, mean"):
        cnn_kernels(x, n_convolutions=1, pooling=False, readout="max")
    with pytest.raises(SpecError, match="not finite"):
        cnn_kernels(x * np.nan, n_convolutions=1, pooling=False)
