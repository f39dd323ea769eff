"""Sharpness against dense Hessians, the tangent kernel against Jacobians written out."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from builders import changed, train
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.specs.cells import Train
from infwidth.training.losses import LOSSES
from infwidth.training.member import Member
from infwidth.training.probes import Evaluation, make_probes, ntk, sharpness
from infwidth.training.probes.sharpness import top_eigenpair
from infwidth.training.problem import Problem
from infwidth.training.trainer import Trainer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    centres = torch.randn(3, 1, 4, 4, generator=rng, dtype=torch.float64)
    y = torch.arange(60) % 3
    x = centres[y] + 0.7 * torch.randn(60, 1, 4, 4, generator=rng, dtype=torch.float64)
    return Images(x[:45], y[:45], x[45:], y[45:], 3, "blobs", "0" * 64)


CNN = changed(
    model={"name": "cnn", "width": 3, "n_convolutions": 2},
    parametrization={"base_width": 2, "gamma0": 0.7},
    training={"steps": 6, "dtype": "float64", "evaluations": 4},
    probes=[{"name": "sharpness", "iterations": 3, "points": 20}],
)


def make_spec(gauge: str | None = None, **changes: Any) -> Train:
    return train(changed(CNN, parametrization={"gauge": gauge}), **changes)


def evaluate(spec: Train, data: Images, *, seed: int = 0, step: int = 0) -> Evaluation:
    member = Member(spec, data, seed=seed, lr=0.3, device=CPU)
    return Evaluation(member, step, data, Problem(spec, data, CPU).batch(0), LOSSES[spec.training.loss])


def sharpness_of(at: Evaluation, **options: int) -> float:
    (probe,) = make_probes([{"name": "sharpness", **options}])
    rows = Rows(0.3, 0)
    probe.start(at)
    probe.measure(at, rows)
    (found,) = rows.frame().value
    return found


def dense_spectrum(at: Evaluation, points: int) -> np.ndarray:
    """Eigenvalues of D^½ H D^½, the Hessian entry by entry."""
    model, data = at.member.model, at.data
    named = list(model.named_parameters())
    loss = at.loss(model(data.x_train[:points]), data.y_train[:points])
    gradients = torch.autograd.grad(loss, [p for _, p in named], create_graph=True)
    row = torch.cat([g.reshape(-1) for g in gradients])
    hessian = torch.stack(
        [
            torch.cat([h.reshape(-1) for h in torch.autograd.grad(g, [p for _, p in named], retain_graph=True)])
            for g in row
        ]
    )
    rates = torch.cat([torch.full((p.numel(),), at.member.plan[name].lr, dtype=p.dtype) for name, p in named])
    return torch.linalg.eigvalsh(rates.sqrt()[:, None] * hessian * rates.sqrt()).numpy()


@pytest.mark.parametrize("kept", [512, 0])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_sharpness_is_the_top_eigenvalue_of_the_dense_hessian(
    data: Images, loss: str, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharpness, "KEPT", kept)
    monkeypatch.setattr(sharpness, "CHUNK", 16)  # several parts, of different sizes
    at = evaluate(make_spec(training={"loss": loss}), data)
    values = dense_spectrum(at, 45)
    rates = {its.lr for its in at.member.plan.values()}
    assert len(rates) == 3
    assert sharpness_of(at, iterations=25) == pytest.approx(values[-1], rel=1e-6)
    assert sharpness_of(at, iterations=25, points=20) == pytest.approx(dense_spectrum(at, 20)[-1], rel=1e-6)


class Attends(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.readout = torch.nn.Embedding(4, 6), torch.nn.Linear(6, 4)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        z = self.token(ids)[:, None]
        return self.readout(torch.nn.functional.scaled_dot_product_attention(z, z, z, is_causal=True)[:, 0])


def test_sharpness_of_attention_over_windows() -> None:
    """Of torch's fused attentions there are no second derivatives."""
    torch.manual_seed(0)
    model = Attends().double()
    x, y = torch.randint(4, (30, 5)), torch.randint(4, (30, 5))
    data = SimpleNamespace(x_train=x, y_train=y, x_test=x, y_test=y, n_classes=4)
    plan = {name: SimpleNamespace(lr=0.1 + 0.1 * i) for i, (name, _) in enumerate(model.named_parameters())}
    member = SimpleNamespace(model=model, outputs=lambda of: model(of.x), plan=_SgdPlan(plan), lr=0.1)
    at = Evaluation(member, 0, data, None, LOSSES["cross_entropy"])  # type: ignore[arg-type]
    with sdpa_kernel(SDPBackend.MATH):
        expected = dense_spectrum(at, 30)[-1]
    assert sharpness_of(at, iterations=40) == pytest.approx(expected, rel=1e-8)


class _SgdPlan(dict):
    optimizer_name = "sgd"


@pytest.mark.parametrize("gauge", ["mup_gauge", "rescaling_gauge"])
def test_sharpness_is_the_same_in_every_gauge(data: Images, gauge: str) -> None:
    absorbed, written = evaluate(make_spec(), data), evaluate(make_spec(gauge), data)
    assert sharpness_of(written, iterations=30) == pytest.approx(sharpness_of(absorbed, iterations=30), rel=1e-8)


def test_two_is_the_end_of_stability(data: Images) -> None:
    """Gradient descent on a readout alone with squared error, whose Hessian is constant."""
    spec = make_spec(training={"loss": "mse"})
    at = evaluate(spec, data)
    model, readout = at.member.model, at.member.model.readout.weight
    for convolution in model.convolutions:
        convolution.requires_grad_(False)
    stable_rate = 2 / sharpness_of(at, iterations=40) * at.member.plan["readout.weight"].lr
    for factor, grows in ((0.98, False), (1.02, True)):
        with torch.no_grad():
            readout.fill_(1.0)
        losses = []
        for _ in range(300):
            loss = at.loss(model(data.x_train), data.y_train)
            (gradient,) = torch.autograd.grad(loss, [readout])
            with torch.no_grad():
                readout -= factor * stable_rate * gradient
            losses.append(loss.item())
        assert (losses[-1] > losses[0]) == grows


def symmetric(values: list[float]) -> tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor]:
    rng = torch.Generator().manual_seed(5)
    n = len(values)
    turn = torch.linalg.qr(torch.randn(n, n, generator=rng, dtype=torch.float64)).Q
    matrix = turn @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turn.T
    return (lambda v: matrix @ v), torch.randn(n, generator=rng, dtype=torch.float64)


def test_large_negative_eigenvalues_do_not_pass_for_sharpness() -> None:
    product, start = symmetric([-50.0, -20.0, *np.linspace(-1, 1, 30), 4.0])
    value, vector = top_eigenpair(product, start, 12)
    assert value == pytest.approx(4.0, rel=1e-3)
    assert vector is not None
    assert torch.allclose(product(vector), 4.0 * vector, atol=0.1)


def test_an_exhausted_space_is_continued() -> None:
    """From an exact eigenvector that is not the top one, and with the zero matrix."""
    matrix = torch.diag(torch.tensor([3.0, 1.0, 2.0, 0.5], dtype=torch.float64))
    start = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    assert top_eigenpair(lambda v: matrix @ v, start, 9)[0] == pytest.approx(3.0)
    assert top_eigenpair(lambda v: 0 * v, start, 9)[0] == 0.0
    assert top_eigenpair(lambda v: v * float("nan"), start, 3)[1] is None


def test_a_warm_start_comes_closer(data: Images) -> None:
    at = evaluate(make_spec(), data)
    (probe,) = make_probes([{"name": "sharpness", "iterations": 3}])
    rows = Rows(0.3, 0)
    for _ in range(6):
        probe.measure(at, rows)
    exact = dense_spectrum(at, 45)[-1]
    errors = (1 - rows.frame().value / exact).to_numpy()
    assert errors[0] > 1e-2
    assert (np.diff(errors) < 0).all()
    assert abs(errors[-1]) < errors[0] / 10


def test_killed_between_evaluations_it_goes_on_to_the_same_bits(
    data: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(
        probes=[{"name": "sharpness", "iterations": 3, "points": 20}, {"name": "ntk_spectrum", "points": 4}]
    )
    whole = Trainer(spec, data, device=CPU).run()
    assert (whole.metric == "sharpness").sum() == 2 * 4
    calls, original = 0, Problem.batch

    def dying(self: Problem, step: int) -> object:
        nonlocal calls
        calls += 1
        if calls > 14:
            raise KeyboardInterrupt
        return original(self, step)

    file = tmp_path / "cell.checkpoint"
    monkeypatch.setattr(Problem, "batch", dying)
    with pytest.raises(KeyboardInterrupt):
        Trainer(spec, data, device=CPU, checkpoint_file=file, checkpoint_seconds=0.0).run()
    monkeypatch.undo()
    resumed = Trainer(spec, data, device=CPU, checkpoint_file=file).run()
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)


def test_sharpness_is_refused_for_adam(data: Images) -> None:
    at = evaluate(make_spec(optimizer={"name": "adam", "lr": [0.3]}), data)
    with pytest.raises(SpecError, match="not for adam"):
        sharpness_of(at, iterations=2)


# ---- the tangent kernel


def kernel_by_hand(at: Evaluation, points: int) -> np.ndarray:
    """K entry by entry from the gradient of every output of every example."""
    model, plan, named = at.member.model, at.member.plan, list(at.member.model.named_parameters())
    rows = []
    for x in at.data.x_test[:points]:
        f = model(x[None])[0]
        scaled = [
            torch.cat(
                [
                    g.reshape(-1) * (plan[name].lr / at.member.lr) ** 0.5
                    for (name, _), g in zip(
                        named, torch.autograd.grad(output, [p for _, p in named], retain_graph=True), strict=True
                    )
                ]
            )
            for output in f
        ]
        rows.append(torch.stack(scaled))
    jacobian = torch.stack(rows)  # [P, k, n]
    return torch.einsum("pcn,qcn->pq", jacobian, jacobian).numpy() / jacobian.shape[1]


def test_the_tangent_kernel_is_that_of_the_jacobian(data: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, points = make_spec(), 9
    outputs, kernels = [], []
    (probe,) = make_probes([{"name": "ntk_spectrum", "points": points}])
    targets = torch.eye(3, dtype=torch.float64)[data.y_test[:points]].numpy()
    targets = targets - targets.mean(0)
    assert ((targets**2).sum(0) > 0).all()

    def check(rows: Rows, kernel: np.ndarray) -> None:
        values, vectors = np.linalg.eigh(kernel)
        powers = [
            sum(((vectors[:, -r] @ targets) ** 2).sum() for r in range(1, rank + 1)) / (targets**2).sum()
            for rank in range(1, points + 1)
        ]
        frame = rows.frame()
        assert frame[frame.metric == "ntk_eigenvalue"].value.to_numpy() == pytest.approx(values[::-1], rel=1e-9)
        assert frame[frame.metric == "ntk_task_power"].value.to_numpy() == pytest.approx(powers, rel=1e-8)
        assert powers[-1] == pytest.approx(1)

    for seed, held in ((0, 1 << 27), (1, 1)):  # all outputs at once, or one
        monkeypatch.setattr(ntk, "HELD", held)
        at = evaluate(spec, data, seed=seed)
        (probe,) = make_probes([{"name": "ntk_spectrum", "points": points}])
        rows = Rows(0.3, seed)
        probe.start(at)
        probe.measure(at, rows)
        kernels.append(kernel_by_hand(at, points))
        check(rows, kernels[-1])
        outputs.append(probe.outputs)
    rows = Rows(0.3, -1)
    probe.combine(outputs, data, LOSSES["mse"], rows)
    mean = (kernels[0] + kernels[1]) / 2
    check(rows, mean)
    cosines = [(k * mean).sum() / np.sqrt((k**2).sum() * (mean**2).sum()) for k in kernels]
    assert max(cosines) < 0.9999
    frame = rows.frame()
    assert frame[frame.metric == "ntk_alignment"].value.to_numpy() == pytest.approx(cosines, rel=1e-9)


@pytest.mark.parametrize("gauge", ["mup_gauge", "rescaling_gauge"])
def test_the_tangent_kernel_is_the_same_in_every_gauge(data: Images, gauge: str) -> None:
    assert kernel_by_hand(evaluate(make_spec(gauge), data), 5) == pytest.approx(
        kernel_by_hand(evaluate(make_spec(), data), 5), rel=1e-9
    )
    at = evaluate(make_spec(gauge), data)
    rates = {name: its.lr / 0.3 for name, its in at.member.plan.items()}
    found = ntk.tangent_kernel(at.member.model, data.x_test[:5], rates).numpy()
    assert found == pytest.approx(kernel_by_hand(at, 5), rel=1e-9)


def test_the_tangent_kernel_is_how_the_function_moves(data: Images) -> None:
    """One small step of gradient descent on the mean squared error of the same points, to first order."""
    spec = make_spec(training={"loss": "mse"})
    at = evaluate(spec, data)
    x, y = data.x_test[:6], data.y_test[:6]
    member, named = at.member, list(at.member.model.named_parameters())
    with torch.no_grad():
        before = member.model(x)
    loss = member.model(x)[:, 0].square().sum() / 2  # of one output, whose kernel is J D Jᵀ
    gradients = torch.autograd.grad(loss, [p for _, p in named])
    small = 1e-6
    with torch.no_grad():
        for (name, p), g in zip(named, gradients, strict=True):
            p -= small * member.plan[name].lr / member.lr * g
        moved = (member.model(x)[:, 0] - before[:, 0]) / -small
        for (name, p), g in zip(named, gradients, strict=True):
            p += small * member.plan[name].lr / member.lr * g

    class First(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = member.model

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.net(images)[:, :1]

    rates = {f"net.{name}": its.lr / member.lr for name, its in member.plan.items()}
    kernel = ntk.tangent_kernel(First(), x, rates)
    assert len(y) == 6
    assert torch.allclose(kernel @ before[:, 0], moved, rtol=1e-3)


def test_windows_have_no_tangent_kernel_here(data: Images) -> None:
    at = evaluate(make_spec(), data)
    at.data = Images(data.x_train, data.y_train[:, None], data.x_test, data.y_test[:, None], 3, "text", "0" * 64)
    (probe,) = make_probes([{"name": "ntk_spectrum", "points": 2}])
    with pytest.raises(SpecError, match="windows"):
        probe.start(at)


def test_the_probes_do_not_load_the_compiler() -> None:
    code = (
        "import sys, torch\n"
        "from infwidth.training.device import prepare_torch\n"
        "from infwidth.training.probes.ntk import tangent_kernel\n"
        "prepare_torch('cpu', 1)\n"
        "layer = torch.nn.Linear(2, 2)\n"
        "tangent_kernel(layer, torch.randn(3, 2), {'weight': 1.0, 'bias': 1.0})\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
