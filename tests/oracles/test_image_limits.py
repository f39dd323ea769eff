"""Both limits of one MLP: their first small step is one and the same, by two computations that share no line."""

import numpy as np
import torch

from infwidth.data.images import Images
from infwidth.limits.kernels import mlp_kernels
from infwidth.solve.image_limits import Spec, rows

LR, STEPS, POINTS, P = 1e-4, 2, 6, 5


def _images() -> Images:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(P + POINTS, 1, 4, 4, generator=generator)
    y = torch.tensor([0, 1] * P)[:P], torch.tensor([1, 0] * POINTS)[:POINTS]
    return Images(x[:P], y[0], x[P:], y[1], n_classes=2, name="toy", sha256="")


def _logits(rule: str, **changed: float) -> np.ndarray:
    settings = {"gamma0": 1.0, "lr": LR, "neurons": 8000, "replicas": 4, **changed}
    spec = Spec(name="image_limits", rule=rule, n_hidden=2, base_width=8, steps=STEPS, points=POINTS, **settings)
    table = rows(spec, _images()).frame()
    chosen = table[(table.metric == "correct_logit") & (table.of == "limit")]
    return chosen.pivot(index="step", columns="index", values="value").to_numpy()


def test_a_small_step_of_both_limits_is_the_kernel_s() -> None:
    images = _images()
    x, points = images.x_train.flatten(1).double().numpy(), images.x_test.flatten(1).double().numpy()
    cross = mlp_kernels(points, x, n_hidden=2, activation="unit_relu", sigma_w=1.0, sigma_b=0.0).ntk
    step = LR * 2 / P * cross @ (2.0 * images.y_train.numpy() - 1) * (2.0 * images.y_test.numpy() - 1)
    np.testing.assert_allclose(_logits("ntk")[1], step, rtol=1e-3)
    sampled = _logits("mup")
    assert (sampled[0] == 0).all()
    assert np.linalg.norm(sampled[1] - step) < 0.06 * np.linalg.norm(step)


def test_the_limits_part_once_features_have_moved() -> None:
    kernel, mup = (_logits(rule, lr=0.5) for rule in ("ntk", "mup"))
    assert np.linalg.norm(mup[2] - kernel[2]) > 0.2 * np.linalg.norm(kernel[2])
