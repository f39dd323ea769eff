"""Tangent kernels of finite nets: three computations of one number, and what has no such kernel."""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn

from infwidth.empirical import empirical_ntk, mlp_empirical_ntk
from infwidth.errors import SpecError
from infwidth.models.cnn import CNN
from infwidth.training.probes.ntk import tangent_kernel

GENERATOR = torch.Generator().manual_seed(0)


def inputs(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def mlp(*sizes: int, bias: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, o in itertools.pairwise(sizes):
        layers += [nn.Linear(i, o, bias=bias, dtype=torch.float64), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def by_hand(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """[P, k, n], one backward pass for every output at every input."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(f, parameters, retain_graph=True)])
        for f in module(x).flatten()
    ]
    return torch.stack(rows).reshape(len(x), -1, rows[0].numel())


MODULES: dict[str, Callable[[], tuple[nn.Module, torch.Tensor]]] = {
    "mlp": lambda: (mlp(5, 7, 6, 3), inputs(8, 5)),
    "cnn": lambda: (CNN((2, 6, 6), 3, width=4, n_convolutions=2).double(), inputs(7, 2, 6, 6)),
    "attention": lambda: (
        nn.Sequential(
            nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, dtype=torch.float64).train(),
            nn.Flatten(),
            nn.Linear(24, 2, dtype=torch.float64),
        ),
        inputs(4, 3, 8),
    ),
    "tokens": lambda: (
        nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(12, 2)).double(),
        torch.randint(5, (6, 3), generator=GENERATOR),
    ),
    "more inputs than are taken together": lambda: (mlp(3, 4, 2), inputs(70, 3)),
}


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of the batching rule for attention
@pytest.mark.parametrize("held", [1 << 27, 3000, 1])
@pytest.mark.parametrize("name", MODULES)
def test_it_is_the_product_of_jacobians(name: str, held: int) -> None:
    module, x = MODULES[name]()
    J = by_hand(module, x)
    full = torch.einsum("pcn,qdn->pqcd", J, J)
    trace = torch.einsum("pqcc->pq", full) / J.shape[1]
    tolerance = {"rtol": 1e-12, "atol": 1e-13}
    torch.testing.assert_close(empirical_ntk(module, x, full=True, held=held), full, **tolerance)
    torch.testing.assert_close(empirical_ntk(module, x, held=held), trace, **tolerance)
    torch.testing.assert_close(empirical_ntk(module, x[:3], x[2:], held=held), trace[:3, 2:], **tolerance)
    torch.testing.assert_close(empirical_ntk(module, x[:3], x[2:], full=True, held=held), full[:3, 2:], **tolerance)


@pytest.mark.parametrize("bias", [True, False])
def test_the_formula_for_perceptrons_is_the_product_of_jacobians(bias: bool) -> None:
    module, x = mlp(5, 9, 8, 7, 3, bias=bias), inputs(10, 5)
    linear = [layer for layer in module if isinstance(layer, nn.Linear)]
    rates = [0.5, 2.0, 1.5, 0.0]
    net = {
        "weights": [layer.weight.detach() for layer in linear],
        "biases": [layer.bias.detach() for layer in linear] if bias else None,
        "activation": "tanh",
    }
    named = {f"{2 * i}.weight": rate for i, rate in enumerate(rates)}
    if bias:
        named |= {f"{2 * i}.bias": 1.0 for i in range(4)}
    for full in (False, True):
        formula = mlp_empirical_ntk(**net, x=x[:6], x2=x[4:], rates=rates, full=full)
        torch.testing.assert_close(
            formula, empirical_ntk(module, x[:6], x[4:], rates=named, full=full), rtol=1e-12, atol=1e-13
        )
        torch.testing.assert_close(
            mlp_empirical_ntk(**net, x=x, full=full), empirical_ntk(module, x, full=full), rtol=1e-12, atol=1e-13
        )


def test_the_probe_of_trainings_has_the_same() -> None:
    module, x = MODULES["cnn"]()
    rates = {name: 0.3 * (i + 1) for i, (name, _) in enumerate(module.named_parameters())}
    torch.testing.assert_close(
        tangent_kernel(module, x, rates), empirical_ntk(module, x, rates=rates), rtol=1e-12, atol=1e-13
    )


def test_frozen_parameters_do_not_count() -> None:
    module, x = MODULES["mlp"]()
    module[0].weight.requires_grad_(False)
    J = by_hand(module, x)
    torch.testing.assert_close(empirical_ntk(module, x), torch.einsum("pcn,qcn->pq", J, J) / J.shape[1])


def test_single_precision_is_that_of_the_module() -> None:
    module, x = mlp(5, 7, 3), inputs(4, 5)
    exact = empirical_ntk(module, x)
    torch.testing.assert_close(empirical_ntk(module.float(), x.float()), exact, rtol=1e-5, atol=1e-6)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.cells, self.head = kind(3, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cells(x)[0][:, -1])


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_recurrent_nets_have_one(kind: type[nn.RNNBase]) -> None:
    module, x = Recurrent(kind).double(), inputs(5, 6, 3)
    J = by_hand(module, x)
    torch.testing.assert_close(empirical_ntk(module, x), torch.einsum("pcn,qcn->pq", J, J) / 2)


def test_a_parallel_module_has_that_of_the_one_inside() -> None:
    module, x = mlp(5, 7, 3), inputs(4, 5)
    assert torch.equal(empirical_ntk(nn.DataParallel(module), x), empirical_ntk(module, x))


def test_what_is_no_tensor_or_complex_is_refused() -> None:
    module = mlp(5, 7, 3)
    with pytest.raises(SpecError, match=r"must be a torch\.Tensor .* not a list"):
        empirical_ntk(module, [[1.0] * 5])  # type: ignore[arg-type]
    module.register_forward_hook(lambda _module, _inputs, output: {"logits": output})
    with pytest.raises(SpecError, match="returns a dict; wrap it"):
        empirical_ntk(module, inputs(4, 5))
    with pytest.raises(SpecError, match="weight, bias: complex parameters"):
        empirical_ntk(nn.Linear(3, 2, dtype=torch.complex64), torch.ones(4, 3, dtype=torch.complex64))


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) * (1 + torch.rand(()))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.1)), r"'1' drops out at random.*eval"),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), r"'1' normalizes by the batch.*eval"),
        (nn.BatchNorm1d(3, track_running_stats=False).eval(), "normalizes by the batch"),
        (Noisy(), "differ from call to call"),
        (nn.Linear(3, 2).requires_grad_(False), "no parameter that requires a gradient"),
        (nn.Sequential(nn.Linear(3, 2), nn.Unflatten(1, (2, 1))), r"must be \[inputs, k\].*\(1, 2, 1\)"),
    ],
)
def test_what_has_no_kernel_is_refused(module: nn.Module, message: str) -> None:
    torch.manual_seed(0)  # noise asked twice is near itself once in a thousand
    x = torch.ones(4, 3)
    state = torch.get_rng_state()
    with pytest.raises(SpecError, match=message):
        empirical_ntk(module, x)
    with pytest.raises(SpecError, match=message):
        tangent_kernel(module, x, dict.fromkeys((name for name, _ in module.named_parameters()), 1.0))
    assert torch.equal(state, torch.get_rng_state())


def test_batch_and_dropout_layers_at_evaluation_are_fine() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout(0.5)).double().eval()
    x = inputs(4, 3)
    J = by_hand(module, x)
    torch.testing.assert_close(empirical_ntk(module, x), torch.einsum("pcn,qcn->pq", J, J) / 2)


@pytest.mark.parametrize(
    "rates", [{"weight": 1.0}, {"weight": 1.0, "bias": 1.0, "gain": 1.0}, {"weight": -1.0, "bias": 1.0}]
)
def test_rates_without_meaning_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="rates must"):
        empirical_ntk(nn.Linear(3, 2), torch.ones(2, 3), rates=rates)
