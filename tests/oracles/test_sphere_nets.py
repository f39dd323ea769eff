"""Steps of the nets on the sphere against torch's gradients and its SGD."""

import numpy as np
import torch

from infwidth.seeding import numpy_stream
from infwidth.solve.sphere_nets import Spec, _Net


def test_steps_are_those_of_gradient_descent_with_momentum_in_the_ntk_parametrization() -> None:
    spec = Spec(
        name="sphere_nets", kernel="ntk", n_hidden=2, dimension=6, k_max=4, powers=[0, 1], width=32, samples=[12],
        noise=0, members=[1], n_seeds=2, n_test=1,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 6)), rng.standard_normal(12)

    # Weights of variance one, over √fan-in but for the first, whose inputs are as they are.
    drawn = numpy_stream("init", "oracle")
    net = _Net.initial(spec, numpy_stream("init", "oracle"))
    weights = [torch.from_numpy(drawn.standard_normal(shape)) for shape in ((32, 6), (32, 32), (1, 32))]
    for w in weights:
        w.requires_grad_()
    points, labels = torch.from_numpy(x.T), torch.from_numpy(y)

    def f() -> torch.Tensor:
        h = weights[0] @ points
        for w in weights[1:]:
            h = w @ (2**0.5 * h.relu()) / 32**0.5
        return h[0]

    before = f().detach().numpy()
    np.testing.assert_allclose(net.outputs(x), before, rtol=1e-4, atol=1e-5)
    sgd = torch.optim.SGD(weights, lr=1e-3, momentum=0.8)
    for _ in range(5):
        sgd.zero_grad()
        (0.5 * (f() - labels).square().sum()).backward()
        sgd.step()
    net.descend(x, y, lr=1e-3, momentum=0.8, steps=5)
    after = f().detach().numpy()
    np.testing.assert_allclose(net.outputs(x), after, rtol=1e-4, atol=1e-5)
    assert np.square(after - y).mean() < 0.9 * np.square(before - y).mean()
