"""The trainer: the same numbers as a loop written by hand, after any interruption, with divergence as a result."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from builders import changed, train
from infwidth.data.images import Images
from infwidth.data.streams import Batches
from infwidth.data.tokens import Windows
from infwidth.errors import SpecError
from infwidth.results.provenance import Meter
from infwidth.specs.cells import Train
from infwidth.specs.identity import cell_id
from infwidth.training import checkpoint
from infwidth.training.examples import Examples, examples
from infwidth.training.member import Member
from infwidth.training.problem import Problem
from infwidth.training.schedule import evaluation_steps
from infwidth.training.trainer import Trainer
from infwidth.training.updates import update_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Images:
    rng = torch.Generator().manual_seed(0)
    centres = torch.randn(3, 1, 8, 8, generator=rng)
    y = torch.arange(60) % 3
    x = centres[y] + 0.5 * torch.randn(60, 1, 8, 8, generator=rng)
    return Images(x[:45], y[:45], x[45:], y[45:], 3, "blobs", "0" * 64)


CNN = changed(
    model={"name": "cnn", "width": 8, "n_convolutions": 2},
    training={"centred": True},
    probes=[{"name": "losses"}, {"name": "ensemble"}, {"name": "representations"}, {"name": "norms"}],
)


def run(spec: Train, data: Images, **options: object) -> pd.DataFrame:
    return Trainer(spec, data, device=CPU, **options).run()  # type: ignore[arg-type]


def value(rows: pd.DataFrame, metric: str, **where: object) -> float:
    for key, wanted in where.items():
        rows = rows[rows[key] == wanted]
    (found,) = rows[rows.metric == metric].value
    return found


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_base_width_is_the_same_net_bit_for_bit_under_all_rules(data: Images, optimizer: str) -> None:
    frames = []
    for rule in ("mup", "ntk", "sp", "sp_lr", "mf"):
        spec = train(
            CNN, model={"width": 4}, parametrization={"rule": rule}, optimizer={"name": optimizer, "lr": [0.05]}
        )
        frames.append(run(spec, data))
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other, check_exact=True)


def test_away_from_the_base_the_rules_differ(data: Images) -> None:
    mup, ntk = (run(train(CNN, parametrization={"rule": rule}), data) for rule in ("mup", "ntk"))
    assert value(mup, "test_loss", step=12, seed=0) != value(ntk, "test_loss", step=12, seed=0)


def test_same_numbers_as_a_loop_by_hand(data: Images) -> None:
    """γ form written out: unit-variance weights, forward multipliers, f = w·φ/(γ √N) and one rate η γ²."""
    spec = train(
        CNN, training={"dtype": "float64", "loss": "mse", "centred": False}, optimizer={"lr": [0.2], "momentum": 0.5}
    )
    rows = run(spec, data)

    native = Member(spec, data, seed=0, lr=0.2, device=CPU).model.state_dict()
    width, gamma = 8, 1.0 * np.sqrt(8)  # μP: γ = γ0 √N
    multipliers = {
        "convolutions.0.weight": 1 / np.sqrt(9),
        "convolutions.1.weight": 1 / np.sqrt(9 * width),
        "readout.weight": 1 / (gamma * np.sqrt(width * 4)),
    }
    unit = {name: (w / multipliers[name]).requires_grad_() for name, w in native.items()}
    assert all(0.75 < w.std() < 1.3 for w in unit.values())

    def forward(x: torch.Tensor) -> torch.Tensor:
        for depth in range(2):
            name = f"convolutions.{depth}.weight"
            x = F.conv2d(x, unit[name] * multipliers[name], padding=1)
            x = F.avg_pool2d(torch.relu(x) * np.sqrt(2), 2)
        return x.flatten(1) @ (unit["readout.weight"] * multipliers["readout.weight"]).T

    optimizer = torch.optim.SGD(unit.values(), lr=0.2 * gamma**2, momentum=0.5)
    batches = Batches(45, 15, mode="epochs")
    x_train, x_test = data.x_train.double(), data.x_test.double()
    for step in range(12):
        index = batches.indices(step)
        optimizer.zero_grad()
        (forward(x_train[index]) - torch.eye(3)[data.y_train[index]]).square().mean().backward()
        optimizer.step()
    by_hand = (forward(x_test) - torch.eye(3)[data.y_test]).square().mean().item()
    assert value(rows, "test_loss", step=12, seed=0) == pytest.approx(by_hand, rel=1e-10)


def test_batches_are_the_same_for_all_widths_rules_and_seeds(data: Images) -> None:
    seen = []
    for width, rule in ((4, "mup"), (8, "ntk")):
        problem = Problem(train(CNN, model={"width": width}, parametrization={"rule": rule}), data, CPU)
        seen.append(torch.stack([problem.batch(step).x for step in range(7)]))
    assert torch.equal(*seen)


def test_centred_outputs_start_at_zero_and_change_nothing_stays_relative(data: Images) -> None:
    rows = run(train(CNN), data)
    assert value(rows, "test_loss", step=0, seed=0) == pytest.approx(np.log(3), rel=1e-6)
    assert (rows[(rows.metric == "relative_change") & (rows.step == 0)].value == 0).all()
    assert (rows[(rows.metric == "relative_change") & (rows.step == 12)].value > 0).all()


def test_ensemble_is_that_of_the_members(data: Images) -> None:
    spec = train(CNN)
    rows = run(spec, data)
    members = []
    for seed in spec.seeds:
        member = Member(spec, data, seed=seed, lr=0.3, device=CPU)
        optimizer = member.plan.optimizer(member.model)
        for step in range(12):
            batch = Problem(spec, data, CPU).batch(step)
            optimizer.zero_grad()
            F.cross_entropy(member.outputs(batch), batch.y).backward()
            optimizer.step()
        members.append(member.outputs(examples(data, "test", slice(None))).detach())
    logits = torch.stack(members)
    assert value(rows, "ensemble_loss", step=12) == pytest.approx(F.cross_entropy(logits.mean(0), data.y_test).item())
    centred = logits.double() - logits.double().mean(-1, keepdim=True)
    assert value(rows, "logit_variance", step=12) == pytest.approx(centred.var(0).mean().item(), rel=1e-5)
    average = np.mean([value(rows, "test_loss", step=12, seed=s) for s in (0, 1)])
    assert value(rows, "ensemble_loss", step=12) < average  # Jensen


@pytest.mark.parametrize("stop_at", range(1, 27, 3))
def test_killed_anywhere_it_resumes_to_the_same_bits(
    data: Images, stop_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = train(CNN, optimizer={"momentum": 0.9, "lr": [0.1]})
    whole = run(spec, data)
    calls = 0
    original = Problem.batch

    def dying(self: Problem, step: int) -> Examples:
        nonlocal calls
        calls += 1
        if calls > stop_at + 6:
            raise KeyboardInterrupt
        return original(self, step)

    file = tmp_path / "cell.checkpoint"
    monkeypatch.setattr(Problem, "batch", dying)
    with pytest.raises(KeyboardInterrupt):
        run(spec, data, checkpoint_file=file, checkpoint_seconds=0.0)
    monkeypatch.undo()
    assert file.exists()
    steps = 0

    def counting(self: Problem, step: int) -> Examples:
        nonlocal steps
        steps += 1
        return original(self, step)

    monkeypatch.setattr(Problem, "batch", counting)
    resumed = run(spec, data, checkpoint_file=file)
    pd.testing.assert_frame_equal(whole, resumed, check_exact=True)
    assert steps < 2 * (12 + 5), "it started over"


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_or_foreign_checkpoint_means_starting_over(
    data: Images, damage: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cell.checkpoint"
    if damage is None:
        checkpoint.save(file, {"cell": "another", "step": 3})
    else:
        file.write_bytes(damage)
    with caplog.at_level("WARNING"):
        rows = run(train(CNN, seeds=[0]), data, checkpoint_file=file)
    assert "is not used" in caplog.text
    pd.testing.assert_frame_equal(rows, run(train(CNN, seeds=[0]), data), check_exact=True)


def test_divergence_is_a_row_with_its_step(data: Images) -> None:
    spec = train(CNN, optimizer={"lr": [0.1, 1e6]}, training={"loss": "mse", "centred": False}, seeds=[0])
    rows = run(spec, data)
    wild = rows[rows.lr == 1e6]
    (when,) = wild[wild.metric == "diverged"].value
    assert 1 <= when < 12
    assert wild[wild.metric == "test_loss"].step.max() <= when
    assert "diverged" not in set(rows[rows.lr == 0.1].metric)
    assert value(rows, "test_loss", lr=0.1, step=12) < 1


def test_evaluation_steps_are_evenly_spaced_where_time_is() -> None:
    assert evaluation_steps(300, 4, "linear") == [0, 100, 200, 300]
    assert evaluation_steps(3, 9, "linear") == [0, 1, 2, 3]


def test_evaluation_steps_are_log_spaced_with_both_ends() -> None:
    assert evaluation_steps(1, 2) == [0, 1]
    steps = evaluation_steps(300, 16)
    assert steps[0] == 0
    assert steps[-1] == 300
    assert len(steps) == len(set(steps))
    assert 10 <= len(steps) <= 17


def test_gradient_probe_is_the_gradient(data: Images) -> None:
    spec = train(
        CNN,
        training={"steps": 1, "evaluations": 2, "dtype": "float64", "centred": False},
        probes=[{"name": "gradients"}, {"name": "output_scale"}, {"name": "feature_kernels", "points": 4}],
        seeds=[0],
    )
    rows = run(spec, replace(data, x_train=data.x_train.double()))
    member = Member(spec, data, seed=0, lr=0.3, device=CPU)
    batch = Problem(spec, data, CPU).batch(0)
    h1 = F.conv2d(batch.x, member.model.convolutions[0].weight, padding=1).detach().requires_grad_()
    z = F.avg_pool2d(torch.relu(h1) * 2**0.5, 2)
    z = F.avg_pool2d(torch.relu(member.model.convolutions[1](z)) * 2**0.5, 2)
    logits = member.model.readout(z.flatten(1))
    F.cross_entropy(logits, batch.y, reduction="sum").backward()
    expected = h1.grad.flatten(1).norm(dim=1).square().mean().sqrt().item()
    assert value(rows, "gradient_norm", step=0, layer="h1") == pytest.approx(expected, rel=1e-9)
    assert value(rows, "output_scale", step=0) == pytest.approx(logits.square().mean().sqrt().item(), rel=1e-9)
    kernel = rows[(rows.metric == "kernel") & (rows.layer == "h1") & (rows.step == 0)].value.to_numpy().reshape(4, 4)
    assert np.allclose(kernel, kernel.T)
    assert (np.linalg.eigvalsh(kernel) > -1e-12).all()


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw"])
def test_bare_updates_are_the_optimizers(data: Images, kind: str) -> None:
    decay = 0.01 if kind != "adam" else 0.0
    spec = train(CNN, optimizer={"name": kind, "lr": [0.05], "weight_decay": decay})
    batch = Problem(spec, data, CPU).batch(0)
    ends = []
    for bare in (False, True):
        member = Member(spec, data, seed=0, lr=0.05, device=CPU)
        optimizer = member.plan.optimizer(member.model)
        step = update_of(optimizer) if bare else optimizer.step
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(member.outputs(batch), batch.y).backward()
            step()
        ends.append(torch.cat([p.detach().flatten() for p in member.model.parameters()]))
    assert torch.equal(*ends)


@pytest.fixture(scope="module")
def text() -> Windows:
    ids = torch.randint(7, (6 * 40 + 1,), generator=torch.Generator().manual_seed(3), dtype=torch.int32)
    x, y = ids[:-1].view(-1, 6), ids[1:].view(-1, 6)
    return Windows(x[:32], y[:32], x[32:], y[32:], 7, "words", "0" * 64)


TRANSFORMER = {
    "name": "transformer",
    "width": 8,
    "n_heads": 2,
    "n_blocks": 2,
    "mlp_ratio": 1,
    "attention_multiplier": 1.4,
    "branch_multiplier": 1.0,
    "branch_power": "1/2",
}


TEXT = changed(
    CNN,
    data={"name": "words", "context": 6, "vocabulary_size": 7, "test_windows": 8},
    model=TRANSFORMER,
    optimizer={"name": "adam", "lr": [0.01]},
    training={"stream": "single_pass", "batch_size": 4, "steps": 8, "centred": False},
    parametrization={"layer_lr": "uniform", "zero_queries": True, "base_depth": 2},
    probes=[{"name": "losses"}, {"name": "ensemble"}],
)


def test_a_single_pass_that_its_data_cannot_last_is_refused_before_the_first_step(text: Windows) -> None:
    """The spec takes all windows there are, so that only the data tell."""
    spec = train(changed(TEXT, training={"steps": 9}), seeds=[0])
    with pytest.raises(SpecError, match=r"steps 9 .* over 32 examples, which in batches of 4 lasts 8 steps"):
        Problem(spec, text, CPU)


def test_text_trains_as_a_loop_by_hand(text: Windows) -> None:
    spec = train(TEXT, seeds=[0])
    rows = run(spec, text)
    member = Member(spec, text, seed=0, lr=0.01, device=CPU)
    optimizer = member.plan.optimizer(member.model)
    order = Batches(32, 4, mode="single_pass")
    for step in range(8):
        batch = order.indices(step)
        logits = member.model(text.x_train[batch])
        loss = F.cross_entropy(logits.reshape(-1, 7), text.y_train[batch].reshape(-1).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        final = F.cross_entropy(member.model(text.x_test).reshape(-1, 7), text.y_test.reshape(-1).long())
    assert value(rows, "test_loss", step=8) == pytest.approx(final.item(), rel=1e-6)


def test_queries_start_at_zero_and_branches_learn_slower_in_deeper_nets(text: Windows) -> None:
    deep = Member(train(TEXT), text, seed=0, lr=0.01, device=CPU)
    names = {id(p): name for name, p in deep.model.named_parameters()}
    queries = {names[id(layer.weight)] for layer in deep.model.queries}
    assert queries
    for name, p in deep.model.named_parameters():
        assert (name in queries) == (p.dim() > 1 and not p.any())
    at_base = Member(train(TEXT, parametrization={"base_depth": 4}), text, seed=0, lr=0.01, device=CPU)
    inside = {names[id(p)] for branch in deep.model.residual_branches for p in branch.parameters()}
    for name in deep.plan:
        factor = 2**-0.5 if name in inside else 1.0  # four branches, tuned at two
        assert deep.plan[name].lr == pytest.approx(factor * at_base.plan[name].lr)


@pytest.mark.parametrize("rule", ["sp", "mup"])
def test_read_in_may_learn_at_a_rate_over_its_inputs(data: Images, rule: str) -> None:
    blocks = {"rule": rule, "layer_lr": "uniform"}
    as_others, over_inputs = (
        Member(train(CNN, parametrization=blocks | more), data, seed=0, lr=0.5, device=CPU).plan
        for more in ({}, {"input_lr": "over_fan_in"})
    )
    read_in, *others = as_others
    inputs = 9 * data.x_train.shape[1]  # of a 3×3 convolution
    assert over_inputs[read_in].lr == pytest.approx(as_others[read_in].lr / inputs)
    assert all(over_inputs[name] == as_others[name] for name in others)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parametrization": {"layer_lr": "variance", "input_lr": "over_fan_in"}}, "by its inputs already"),
        (
            {
                "parametrization": {"layer_lr": "uniform", "input_lr": "over_fan_in"},
                "optimizer": {"name": "adam", "lr": [0.1]},
            },
            "of gradients, for optimizer sgd",
        ),
    ],
)
def test_a_read_in_s_rate_is_divided_once_and_under_sgd_only(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        train(CNN, **changes)


def test_one_output_tells_two_classes_by_its_sign(data: Images) -> None:
    two = replace(data, y_train=data.y_train % 2, y_test=data.y_test % 2, n_classes=2)
    rows = run(train(CNN, training={"loss": "binary_mse"}, seeds=[0]), two)
    assert value(rows, "train_loss", step=0) == pytest.approx(1.0)  # centred: f = 0, y = ±1
    assert value(rows, "train_loss", step=12) < 1.0


def test_batch_normalisation_resumes_and_is_evaluated_with_its_averages(data: Images, tmp_path: Path) -> None:
    model = {
        "name": "resnet",
        "width": 8,
        "blocks": [1],
        "stem_stride": 1,
        "norm": "batch",
        "branch_multiplier": 1.0,
        "branch_power": "0",
    }
    spec = train(CNN, training={"centred": False}, seeds=[0], model=model)
    whole = run(spec, data)
    trainer = Trainer(spec, data, device=CPU, checkpoint_file=tmp_path / "c", checkpoint_seconds=0.0)
    batch = trainer.problem.batch

    def killed(step: int) -> Examples:
        if step == 7:
            raise KeyboardInterrupt
        return batch(step)

    trainer.problem.batch = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    state = checkpoint.load(tmp_path / "c", cell_id(spec), "loop")
    assert state is not None
    checkpoint.save(tmp_path / "c", {**state, "spent": (100.0, 50.0)})
    resumed = Trainer(spec, data, device=CPU, checkpoint_file=tmp_path / "c", meter=(meter := Meter()))
    pd.testing.assert_frame_equal(whole, resumed.run())
    wall, cpu = meter.spent
    assert wall > 100.0
    assert cpu > 50.0
