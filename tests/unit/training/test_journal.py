"""What a journal keeps: enough to go on from any pause, and nothing that was only needed once."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from builders import train
from infwidth.data.images import Images
from infwidth.results.provenance import Meter
from infwidth.training import checkpoint
from infwidth.training.evaluation import Evaluation
from infwidth.training.initial import InitialFunction
from infwidth.training.journal import Journal
from infwidth.training.loop import Divergence, Loop, Pause, State
from infwidth.training.outputs import Outputs
from infwidth.training.probes import make_probes
from infwidth.training.problem import Problem
from infwidth.training.updates import Single

CPU = torch.device("cpu")
NETS = [(0.1, 0), (1e6, 0), (0.1, 1)]


@pytest.fixture(scope="module")
def problem() -> Problem:
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(40, 1, 6, 6, generator=rng), torch.arange(40) % 3
    data = Images(x[:30], y[:30], x[30:], y[30:], 3, "noise", "0" * 64)
    return Problem(SPEC, data, CPU)


SPEC = train(
    optimizer={"lr": [0.1, 1e6], "momentum": 0.9},
    training={"steps": 9, "batch_size": 10, "loss": "mse", "centred": True, "evaluations": 4},
    probes=[
        {"name": "losses"},
        {"name": "ensemble"},
        {"name": "norms"},
        {"name": "representations"},
        {"name": "alignment"},
        {"name": "gradients"},
        {"name": "sharpness", "iterations": 2},
    ],
    seeds=[0, 1],
)


def journal(meter: Meter | None = None, file: Path | None = None, **options: object) -> Journal:
    """The outputs of probes lie beside the checkpoint, as in a cell."""
    return Journal(
        "cell",
        "loop",
        NETS,
        lambda: make_probes([probe.model_dump() for probe in SPEC.probes]),
        Outputs(file and file.with_suffix(".outputs")),
        meter=meter or Meter(),
        device=CPU,
        file=file,
        **options,  # type: ignore[arg-type]
    )


def record(problem: Problem, into: Journal) -> pd.DataFrame:
    for net in NETS:
        into.record(Loop(problem, [net], Single))
    return pd.concat([entry.rows.frame() for entry in into.entries.values()], ignore_index=True)


@pytest.fixture(scope="module")
def whole(problem: Problem) -> pd.DataFrame:
    return record(problem, journal())


def interrupted(problem: Problem, into: Journal, pauses: int) -> None:
    """Record until so many pauses have been."""

    def events(loop: Loop, resumed: State | None = None) -> Iterator[object]:
        nonlocal pauses
        for event in original(loop, resumed):
            yield event
            pauses -= isinstance(event, Pause)
            if pauses < 0:
                raise KeyboardInterrupt

    original = Loop.events
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "events", events)
        with pytest.raises(KeyboardInterrupt):
            record(problem, into)


def test_the_second_rate_diverges_at_a_step_and_is_over(whole: pd.DataFrame) -> None:
    wild = whole[whole.lr == 1e6]
    (when,) = wild[wild.metric == "diverged"].step
    assert 1 <= when < 9
    assert wild.step.max() == when


@pytest.mark.parametrize("pauses", range(0, 24, 2))
def test_from_any_pause_on_the_rows_are_the_same_and_nothing_is_seen_twice(
    problem: Problem, whole: pd.DataFrame, pauses: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cell.checkpoint"
    interrupted(problem, journal(file=file, seconds=-1.0), pauses)
    state = checkpoint.load(file, "cell", "loop")
    assert state
    (of_net,) = state["loop"]["nets"]

    evaluated, images = [], 0
    original, forward = Problem.evaluation, InitialFunction.of_split

    def evaluation(self: Problem, member: object, step: int) -> Evaluation:
        evaluated.append(((member.lr, member.seed), step))  # type: ignore[attr-defined]
        return original(self, member, step)  # type: ignore[arg-type]

    def of_split(self: InitialFunction, split: object) -> torch.Tensor:
        nonlocal images
        images += split not in self.values
        return forward(self, split)  # type: ignore[arg-type]

    monkeypatch.setattr(Problem, "evaluation", evaluation)
    monkeypatch.setattr(InitialFunction, "of_split", of_split)
    pd.testing.assert_frame_equal(record(problem, journal(file=file)), whole, check_exact=True)
    assert (tuple(of_net), 0) not in evaluated
    others = NETS[NETS.index(tuple(of_net)) + 1 :]
    known_of_net = len(state["loop"]["members"][0]["initial"])
    assert images == 2 * len(others) + (2 - known_of_net)


def test_a_journal_that_was_through_computes_nothing(problem: Problem, whole: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "cell.checkpoint"
    full = journal(file=file, seconds=-1.0)
    record(problem, full)
    full._save(file, {"nets": []})
    again = journal(file=file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "events", None)
        pd.testing.assert_frame_equal(record(problem, again), whole, check_exact=True)


def test_seconds_of_all_processes_count(problem: Problem, tmp_path: Path) -> None:
    file, meter = tmp_path / "cell.checkpoint", Meter()
    meter.add(100.0, 50.0)
    interrupted(problem, journal(meter, file=file, seconds=-1.0), 5)
    journal(second := Meter(), file=file)
    wall, cpu = second.spent
    assert wall > 100.0
    assert cpu > 50.0


def test_the_checkpoint_of_another_execution_is_not_used(
    problem: Problem, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cell.checkpoint"
    interrupted(problem, journal(file=file, seconds=-1.0), 5)
    assert checkpoint.load(file, "cell", "loop")
    with caplog.at_level("WARNING"):
        assert checkpoint.load(file, "cell", "stacked") is None
    assert "belongs to cell cell, loop" in caplog.text


def test_a_finished_net_keeps_nothing_of_its_beginning(problem: Problem) -> None:
    of_one = journal()
    of_one.record(Loop(problem, [NETS[0]], Single))
    entry = of_one.entries[NETS[0]]
    assert entry.finished
    assert all(not probe.initial for probe in entry.probes)


def test_no_evaluation_leaves_a_graph_behind(problem: Problem) -> None:
    gc.collect()
    before = {id(thing) for thing in gc.get_objects() if type(thing) is torch.Tensor}
    of_one = journal()
    entry = of_one.entries[NETS[0]]
    for event in Loop(problem, [NETS[0]], Single).events():
        if isinstance(event, Evaluation):
            entry.measure(event)
            with_graph = [
                tuple(thing.shape)
                for thing in gc.get_objects()
                if type(thing) is torch.Tensor and id(thing) not in before and thing.grad_fn is not None
            ]
            assert not with_graph, f"at step {event.step}"


def test_a_loop_says_what_it_does_and_touches_nothing_else(problem: Problem) -> None:
    events = list(Loop(problem, [NETS[1]], Single).events())
    assert isinstance(events[0], Evaluation)
    assert events[0].step == 0
    (divergence,) = [event for event in events if isinstance(event, Divergence)]
    assert events[-1] is divergence
    assert divergence.net == NETS[1]
    events = list(Loop(problem, [NETS[0]], Single).events())
    assert [event.step for event in events if isinstance(event, Evaluation)] == sorted(problem.evaluation_steps)
    assert sum(isinstance(event, Pause) for event in events) == problem.steps
