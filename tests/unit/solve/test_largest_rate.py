"""The largest rate that trains: bisection, the linear threshold by other means, and nets that die."""

import math

import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.models import build_model
from infwidth.parametrization import parametrize
from infwidth.solve import block_of
from infwidth.solve.bracket import bracket
from infwidth.solve.largest_rate import _Net
from infwidth.specs.block import read

SPEC = {
    "name": "largest_rate",
    "width": 12,
    "n_hidden": 2,
    "rule": "sp",
    "base_width": 6,
    "batch_size": 8,
    "steps": 12,
    "precision": 0.05,
    "n_seeds": 2,
}


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(24, dtype=torch.int32) % 3
    x = torch.randn(24, 1, 3, 3, generator=rng) + 2 * torch.randn(3, 1, 3, 3, generator=rng)[y]
    return Images(x[:16], y[:16], x[16:], y[16:], 3, "blobs", "0" * 64)


@pytest.mark.parametrize("start", [1e-3, 0.7, 300.0])
def test_bisection_brackets_the_change(start: float) -> None:
    tried: list[float] = []

    def holds(x: float) -> bool:
        tried.append(x)
        return x < 0.3

    found, _ = bracket(holds, start=start, precision=0.05)
    assert 0.3 / 1.05 <= found < 0.3
    assert min(x for x in tried if x >= 0.3) <= found * 1.05
    assert len(tried) <= abs(math.log2(start / 0.3)) + 7


def test_threshold_is_that_of_the_gauss_newton_matrix(data: Images) -> None:
    """The largest singular value of the Jacobian at its rates, squared, over P k/2."""
    rows = computed(data, **SPEC)
    threshold = rows[(rows.metric == "linear_threshold") & (rows.seed == 1)].value.item()

    def model_of(width: int) -> torch.nn.Module:
        block = {"name": "mlp", "width": width, "n_hidden": 2, "activation": "unit_relu", "bias": False}
        return build_model(block, (1, 3, 3), 3)

    model = model_of(12)
    plan = parametrize(model, model_of(6), "sp", optimizer="sgd", lr=1.0)
    plan.init_(model, 1)
    model.double()
    from infwidth.data.streams import Batches

    x = data.x_train[Batches(16, 8).indices(0)].double()
    weights = list(model.parameters())
    outputs = model(x).flatten()
    jacobian = torch.stack(
        [torch.cat([g.flatten() for g in torch.autograd.grad(f, weights, retain_graph=True)]) for f in outputs]
    )
    rates = torch.cat([torch.full((w.numel(),), 1 / 9 if w.shape[1] == 9 else 1.0) for w in weights]).double()
    largest_eigenvalue = 2 / len(outputs) * torch.linalg.matrix_norm(jacobian * rates.sqrt(), 2).item() ** 2
    assert threshold == pytest.approx(2 / largest_eigenvalue, rel=1e-5)


def test_nets_train_at_the_rate_that_is_found_and_not_much_above(data: Images) -> None:
    rows = computed(data, **SPEC)
    found = rows.pivot(index="seed", columns="metric", values="value")
    assert (found.largest_rate > 0.5 * found.linear_threshold).all()
    assert (found.largest_rate < 100 * found.linear_threshold).all()


def test_a_dead_net_does_not_train(data: Images) -> None:
    """A rate that kills all hidden units leaves the loss of f = 0, which is lower than at the start, and is refused."""
    net = _Net(read(block_of("largest_rate"), SPEC, where="here"), data, 0)
    assert net.trains(0.05)
    net._batches = net._batches[:1]
    for weights in net._start[1:2]:
        weights.abs_().neg_()  # no unit of the second hidden layer is ever positive
    assert not net.trains(0.05)
    with pytest.raises(SpecError, match="no rate trains"):
        bracket(net.trains, start=1.0, precision=0.05)
