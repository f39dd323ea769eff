"""Residual nets of infinite width and depth: against independent code, the paper's recursion, the engine and nets."""

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.errors import InfwidthError, SpecError
from infwidth.limits.dmft import deep_linear_dmft
from infwidth.limits.kernels import Dense, Residual, kernels_of
from infwidth.limits.linear_residual import DepthScaling, train_linear_residual
from infwidth.limits.residual_kernels import kernels_of_depth, kernels_of_infinite_depth
from infwidth.models import build_model
from infwidth.programs import infinite, replicas

X = np.random.default_rng(3).standard_normal((4, 6))
KERNEL = X @ X.T / 6
Y = np.array([1.0, -1.0, 1.0, -1.0])


def squares(outputs, batch):
    return (Y[list(batch)][:, None] - outputs) / len(batch)


# ---- kernels at initialisation


@pytest.mark.parametrize("activation", ["unit_relu", "tanh"])
@pytest.mark.parametrize("n_blocks", [1, 6])
def test_kernels_of_a_depth_are_those_of_the_layers(activation: str, n_blocks: int) -> None:
    ours = kernels_of_depth(KERNEL, activation, n_blocks=n_blocks, multiplier=0.7)
    branch = Residual(activation, Dense(), scale=0.7 * n_blocks**-0.5)
    layers = kernels_of([Dense(), *[branch] * n_blocks, activation, Dense()], X)
    np.testing.assert_allclose(ours.tangent, layers.ntk, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("activation", ["unit_relu", "tanh"])
def test_infinite_depth_is_what_depths_extrapolate_to(activation: str) -> None:
    limit = kernels_of_infinite_depth(KERNEL, activation, multiplier=0.7, n_times=4)
    shallow, deep = (kernels_of_depth(KERNEL, activation, n_blocks=n, multiplier=0.7) for n in (40, 80))
    for name, a, b in (
        ("features", shallow.features[::10], deep.features[::20]),
        ("gradients", shallow.gradients[::10], deep.gradients[::20]),
        ("tangent", shallow.tangent, deep.tangent),
    ):
        found = getattr(limit, name)
        np.testing.assert_allclose(2 * b - a, found, atol=4e-4 * np.abs(found).max())
        assert np.abs(a - found).max() / np.abs(b - found).max() == pytest.approx(2, rel=0.06)


def test_a_relu_path_grows_exponentially() -> None:
    """E φ(h)² = H for √2 relu, so that H(τ) = K e^(β² τ) on the diagonal, and G with all slopes one."""
    limit = kernels_of_infinite_depth(KERNEL, "unit_relu", multiplier=1.2, n_times=2)
    np.testing.assert_allclose(np.diagonal(limit.features[1]), np.diagonal(KERNEL) * np.exp(0.72), rtol=1e-8)
    np.testing.assert_allclose(np.diagonal(limit.gradients[0]), np.exp(1.44), rtol=1e-8)


def test_kernels_refuse_what_has_no_meaning() -> None:
    for kernel, said in ((X, "square"), (-KERNEL, "positive diagonal"), (KERNEL * np.nan, "square and symmetric")):
        with pytest.raises(SpecError, match=said):
            kernels_of_infinite_depth(kernel, "tanh", multiplier=1.0)
    with pytest.raises(SpecError, match="multiplier"):
        kernels_of_depth(KERNEL, "tanh", n_blocks=2, multiplier=0.0)
    with pytest.raises(SpecError, match="n_blocks"):
        kernels_of_depth(KERNEL, "tanh", n_blocks=0, multiplier=1.0)


# ---- linear nets that learn features


@pytest.mark.parametrize("gamma0", [0.5, 1.0])
def test_where_branches_outgrow_the_skips_it_is_the_theory_of_deep_linear_nets(gamma0: float) -> None:
    """With branches of size a → ∞, α = 0, and γ0 a^L, η a^(−2L) for γ0, η: a net without skips, known from its DMFT."""
    n_blocks, a, lr, steps = 3, 1e4, 0.15, 6
    found = list(
        train_linear_residual(
            KERNEL,
            [range(4)] * (steps + 1),
            squares,
            n_blocks=n_blocks,
            n_outputs=1,
            lr=lr * a ** (-2 * n_blocks),
            scaling=DepthScaling(multiplier=a, branch_power=0.0, update_power=0.0),
            gamma0=gamma0 * a**n_blocks,
        )
    )
    theory = deep_linear_dmft(KERNEL, Y, n_hidden=n_blocks + 1, gamma0=gamma0, lr=lr / 4, steps=steps)
    outputs = np.stack([moment.outputs[:, 0] for moment in found])
    np.testing.assert_allclose(outputs, Y - theory.errors, atol=2e-3)
    sizes = a ** (2.0 * np.arange(n_blocks + 1))[:, None, None]
    np.testing.assert_allclose(found[-1].kernels / sizes, theory.feature_kernels, rtol=2e-3, atol=2e-3)


def recursion(kernel, targets, *, n_blocks, lr, steps, alpha=0.5, gamma=0.5):
    """Return outputs and squares of the layers by the coefficients Γ and overlaps C of Tensor Programs VI, Lemma 4.3.

    One example a step, a = 1, U and V fixed; there α = γ = 1/2. Vectors are rows of coefficients in the Gaussians that
    the program brings in (which are not independent of one another): of U x_t, nV, and two for every product with W^l.
    The response is read off the coefficients, as a derivative.
    """
    size = steps + 1 + 2 * steps * n_blocks
    covariance = np.zeros((size, size))
    covariance[:steps, :steps], covariance[steps, steps] = kernel, 1.0

    def place(way, t, block):
        return steps + 1 + (way * steps + t) * n_blocks + block

    branch, update = n_blocks**-alpha, n_blocks**-gamma
    x, dx = np.zeros((steps, n_blocks + 1, size)), np.zeros((steps, n_blocks + 1, size))
    outputs = []
    for t in range(steps):
        x[t, 0, t] = 1.0
        for block in range(n_blocks):
            new = place(0, t, block)
            for s in range(t + 1):
                overlap = x[t, block] @ covariance @ x[s, block]
                covariance[new, place(0, s, block)] = covariance[place(0, s, block), new] = overlap
            image = np.eye(size)[new]
            for s in range(t):
                response = x[t, block, place(1, s, block)]
                overlap = x[t, block] @ covariance @ x[s, block]
                image = image + dx[s, block + 1] * (response - lr * update * overlap)
            x[t, block + 1] = x[t, block] + branch * image
        outputs.append(x[t, -1] @ covariance[:, steps])
        dx[t, -1, steps] = outputs[-1] - targets[t]
        for block in reversed(range(n_blocks)):
            new = place(1, t, block)
            for s in range(t + 1):
                overlap = dx[t, block + 1] @ covariance @ dx[s, block + 1]
                covariance[new, place(1, s, block)] = covariance[place(1, s, block), new] = overlap
            image = np.eye(size)[new]
            for s in range(t + 1):
                image = image + x[s, block] * dx[t, block + 1, place(0, s, block)]
            for s in range(t):
                overlap = dx[t, block + 1] @ covariance @ dx[s, block + 1]
                image = image - lr * update * x[s, block] * overlap
            dx[t, block] = dx[t, block + 1] + branch * image
    return np.array(outputs), np.einsum("tla,ab,tlb->tl", x, covariance, x)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.5, 0.5), (1.0, 0.0), (0.75, 0.5)])
def test_it_is_the_recursion_of_the_paper(alpha: float, gamma: float) -> None:
    outputs, sizes = recursion(KERNEL, Y, n_blocks=5, lr=0.8, steps=4, alpha=alpha, gamma=gamma)
    scaling = DepthScaling(branch_power=alpha, update_power=gamma)
    said = {"n_blocks": 5, "n_outputs": 1, "lr": 0.8, "train_ends": False, "scaling": scaling}
    found = list(train_linear_residual(KERNEL, [[0], [1], [2], [3]], squares, **said))
    np.testing.assert_allclose([moment.outputs[0, 0] for moment in found], outputs, rtol=1e-9)
    np.testing.assert_allclose([moment.rms[:, 0] ** 2 for moment in found], sizes, rtol=1e-9)


def test_outputs_taken_together_or_by_example_are_the_same() -> None:
    """Two equal examples in a batch of three outputs go by example, three by output: each is the mean over them."""
    targets = np.eye(3)

    def slope(outputs, batch):
        return (targets[[p % 3 for p in batch]] - outputs) / len(batch)

    said = {"n_blocks": 3, "n_outputs": 3, "lr": 0.5}
    few, many = (
        list(train_linear_residual(KERNEL, [batch] * 4, slope, **said)) for batch in ([0, 1], [0, 1, 0, 1, 0, 1])
    )
    for a, b in zip(few, many, strict=True):
        np.testing.assert_allclose(a.outputs, b.outputs[:2], rtol=1e-8)
        np.testing.assert_allclose(a.kernels, b.kernels[:, :2, :2], rtol=1e-8)


def images(dtype=torch.float32) -> Images:
    x, y = torch.tensor(X, dtype=dtype).reshape(4, 1, 2, 3), torch.tensor([1, 0, 1, 0])
    return Images(x, y, x, y, 2, "toy", "")


NETS = {
    "n_blocks": 3,
    "branch_multiplier": 0.8,
    "gamma0": 0.7,
    "lr": 0.1,
    "steps": 6,
    "batch_size": 4,
    "loss": "binary_mse",
}


@pytest.mark.parametrize("train_ends", [True, False])
def test_wide_nets_follow_the_limit(train_ends: bool) -> None:
    """To three standard errors and the bias of order 1/N that is left at N = 400."""
    said = NETS | {"train_ends": train_ends}
    nets = computed(images(), name="residual_nets", width=400, activation="linear", n_seeds=12, **said)
    limit = computed(images(), name="linear_residual", **said)
    for metric, bias in (("output", 0.03), ("rms", 0.03)):
        of_nets = nets[nets.metric == metric].pivot_table(index=["step", "index"], columns="seed", values="value")
        exact = limit[limit.metric == metric].set_index(["step", "index"]).value
        apart = (of_nets.mean(axis=1) - exact).abs()
        assert (apart < bias + 3 * of_nets.std(axis=1) / np.sqrt(12)).all()
    outputs = limit[(limit.metric == "output") & (limit.step == 6)].value
    assert np.abs(outputs).max() > 0.3, "nothing was learned"


def test_the_engine_of_training_at_infinite_width_agrees() -> None:
    """Sampled neurons of the same torch net, trained by autograd: means over samples within four standard errors."""

    def build(width: int) -> torch.nn.Module:
        said = {"n_blocks": 3, "activation": "linear", "branch_multiplier": 0.8, "branch_power": "1/2"}
        return build_model({"name": "residual_mlp", "width": width, **said}, (1, 2, 3), 1)

    data = images()

    def run(seed: int) -> torch.Tensor:
        net = infinite(build, base_width=1, neurons=1500, lr=0.1, layer_lr="variance", seed=seed)
        optimizer, outputs = net.optimizer(), []
        for _ in range(5):
            f = net(data.x_train).squeeze(-1)
            outputs.append(f.detach().clone())
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(f, torch.tensor(Y, dtype=f.dtype)).backward()
            optimizer.step()
        return torch.stack(outputs)

    mean, error = replicas(run, range(6))
    limit = computed(data, name="linear_residual", **NETS | {"gamma0": 1.0, "steps": 4})
    outputs = limit[limit.metric == "output"].sort_values(["step", "index"]).value.to_numpy().reshape(5, 4)
    order = np.argsort(_order())
    np.testing.assert_allclose(mean.numpy(), outputs[:, order], atol=float(4 * error.max() + 1e-3))
    assert error.max() < 0.03


def _order() -> list[int]:
    from infwidth.seeding import numpy_stream

    return list(numpy_stream("order", "residual_training").permutation(4))


def test_linear_residual_refuses_what_has_no_meaning() -> None:
    def run(kernel=KERNEL, batches=((0,),), **changed):
        said = {"n_blocks": 2, "n_outputs": 1, "lr": 0.1} | changed
        return list(train_linear_residual(kernel, batches, squares, **said))

    for changed, words in (
        ({"kernel": X}, "square"),
        ({"kernel": -KERNEL}, "negative eigenvalue"),
        ({"batches": ((4,),)}, "does not have"),
        ({"lr": 0.0}, "positive"),
        ({"n_blocks": 0}, "positive"),
    ):
        with pytest.raises(SpecError, match=words):
            run(**changed)
    with pytest.raises(InfwidthError, match="diverges"):
        run(batches=[[0]] * 30, lr=50.0)
