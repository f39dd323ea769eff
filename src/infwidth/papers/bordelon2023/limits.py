"""Many small nets at once, by what of them matters: fields at the inputs instead of weights, which is exact."""

from collections.abc import Collection, Iterator

import numpy as np
import torch

from infwidth.activations import Activation

Array = np.ndarray


def soft_tanh(scale: float) -> Activation:
    """Return tanh(a h)/a, of slope 1 at zero."""
    return Activation(
        f"tanh({scale:g} h)/{scale:g}",
        lambda h: np.tanh(scale * h) / scale if isinstance(h, np.ndarray) else torch.tanh(scale * h) / scale,
        lambda h: 1 - (np.tanh(scale * h) if isinstance(h, np.ndarray) else torch.tanh(scale * h)) ** 2,
    )


def two_layer_nets(
    rng: np.random.Generator,
    kernel: Array,
    targets: Array,
    slope_scale: float,
    *,
    gamma0: float,
    lr: float,
    steps: int,
    at: Collection[int],
    width: int,
    nets: int,
) -> Iterator[tuple[Array, Array]]:
    """Yield outputs [nets, Q] and tangent kernels with the first input [nets, Q] at those times 0, …, steps.

    The nets of :mod:`infwidth.limits.fluctuations` with :func:`soft_tanh`, centred. Their weights enter through the
    fields at the Q inputs, which move within these, so that these are drawn, from N(0, ``kernel``) for every unit.
    """
    P, a = len(targets), slope_scale
    values, vectors = np.linalg.eigh(kernel)
    root = torch.from_numpy(vectors * np.sqrt(values.clip(min=0))).float()
    K, y = torch.from_numpy(np.asarray(kernel)).float(), torch.from_numpy(np.asarray(targets)).float()
    h = torch.tensordot(root, torch.from_numpy(rng.standard_normal((len(K), nets, width), dtype=np.float32)), 1)
    z = torch.from_numpy(rng.standard_normal((nets, width), dtype=np.float32))
    start = None
    for t in range(steps + 1):
        φ = torch.tanh(a * h).div_(a)
        slope = torch.square(φ).mul_(-a * a).add_(1)
        back = slope * z
        f = torch.linalg.vecdot(φ, z.expand_as(φ)) / (gamma0 * width)
        start = f if start is None else start
        if t in at:
            products = torch.linalg.vecdot(φ, φ[:1].expand_as(φ))
            products += K[0, :, None] * torch.linalg.vecdot(back, back[:1].expand_as(back))
            yield (f - start).T.double().numpy(), (products / width).T.double().numpy()
        if t < steps:
            pull = (lr * gamma0) * (y[:, None] - f[:P] + start[:P])[..., None]
            z += (pull * φ[:P]).sum(0)
            h.view(len(h), -1).addmm_(K[:, :P], back[:P].mul_(pull).view(P, -1))


def deep_linear_nets(
    rng: np.random.Generator, *, n_hidden: int, gamma0: float, lr: float, steps: int, width: int, nets: int
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield errors [nets], H^l(t, t) [L, nets] and tangent kernels [nets] at times 0, …, steps, for one example.

    The nets of :mod:`infwidth.limits.deep_linear_fluctuations` with all their weights; of the first layer only the
    fields at the example, which are its all.
    """

    def drawn(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))

    weights = [drawn(nets, width, width) for _ in range(n_hidden - 1)]
    first, readout, start = drawn(nets, width, 1), drawn(nets, width, 1), None
    for t in range(steps + 1):
        h, g = [first], [readout]
        for W in weights:
            h.append(W @ h[-1] / width**0.5)
        for W in reversed(weights):
            g.insert(0, W.mT @ g[0] / width**0.5)
        f = (h[-1] * readout).mean((1, 2)) / gamma0
        start = f if start is None else start
        Δ = 1 - f + start
        H, G = ([(v**2).mean((1, 2)) for v in of] for of in (h, g))
        one = torch.ones(nets)
        kernel = (torch.stack([one, *H]) * torch.stack([*G, one])).sum(0)
        yield Δ.double().numpy(), torch.stack(H).double().numpy(), kernel.double().numpy()
        if t < steps:
            pull = (lr * gamma0 * Δ)[:, None, None]
            for W, above, below in zip(weights, g[1:], h[:-1], strict=True):
                W.baddbmm_(pull * above, below.mT, alpha=1 / width**0.5)
            first, readout = first + pull * g[0], readout + pull * h[-1]


def initial_kernels(
    rng: np.random.Generator, activation: Activation, *, n_hidden: int, width: int, nets: int
) -> tuple[Array, Array]:
    """Return Φ^l(x, x) and G^l(x, x) of the hidden layers of nets at initialisation, [L, nets] each.

    No matrix is drawn: given what enters it, what leaves a Gaussian one is Gaussian, and its transpose is the same
    matrix, known where it was used, and independent across (the exact law, at any width).
    """

    def drawn() -> Array:
        return rng.standard_normal((nets, width), dtype=np.float32)

    def mean(a: Array, b: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->i", a, b) / width)

    fields, features, gradients = [drawn()], [], []
    values = [activation.value(fields[0])]
    features.append(mean(values[0], values[0]))
    for _ in range(n_hidden - 1):
        fields.append(drawn() * np.sqrt(features[-1])[:, None])
        values.append(activation.value(fields[-1]))
        features.append(mean(values[-1], values[-1]))
    g = activation.slope(fields[-1]) * drawn()
    gradients.append(mean(g, g))
    for below, h, size, above in zip(values[-2::-1], fields[-2::-1], features[-2::-1], fields[:0:-1], strict=True):
        fresh = drawn() * np.sqrt(gradients[-1])[:, None]
        back = fresh + below * ((mean(above, g) - mean(below, fresh)) / np.maximum(size, 1e-30))[:, None]
        g = activation.slope(h) * back
        gradients.append(mean(g, g))
    return np.array(features), np.array(gradients[::-1])
