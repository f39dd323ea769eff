"""Many small nets at once, by what of them matters: fields at the inputs instead of weights, which is exact."""

from collections.abc import Iterator

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
    width: int,
    nets: int,
) -> Iterator[tuple[Array, Array]]:
    """Yield outputs [nets, Q] and tangent kernels with the first input [nets, Q] at times 0, …, steps.

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
        products = torch.linalg.vecdot(φ, φ[:1].expand_as(φ))
        products += K[0, :, None] * torch.linalg.vecdot(back, back[:1].expand_as(back))
        yield (f - start).T.double().numpy(), (products / width).T.double().numpy()
        if t < steps:
            pull = (lr * gamma0) * (y[:, None] - f[:P] + start[:P])[..., None]
            h += torch.tensordot(K[:, :P], pull * back[:P], 1)
            z += (pull * φ[:P]).sum(0)
