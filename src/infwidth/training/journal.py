"""The journal of a cell: what was measured of each net, and in a checkpoint how to go on after any kill."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from infwidth.results.provenance import Meter
from infwidth.results.rows import Rows
from infwidth.training import checkpoint
from infwidth.training.evaluation import Evaluation
from infwidth.training.loop import Divergence, Loop, Net, Pause, State
from infwidth.training.outputs import Outputs
from infwidth.training.probes import Probe

logger = logging.getLogger(__name__)


@dataclass
class Entry:
    """What is known of one net: its rows, its probes with what they keep, and whether nothing more is to come."""

    rows: Rows
    probes: list[Probe]
    finished: bool = False

    def measure(self, evaluation: Evaluation) -> None:
        """Let all probes see the net."""
        if evaluation.step == 0:
            for probe in self.probes:
                probe.start(evaluation)
        for probe in self.probes:
            probe.measure(evaluation, self.rows)
        if evaluation.last:
            self.finish()

    def finish(self) -> None:
        """Expect no more, and forget the net at initialisation."""
        self.finished = True
        for probe in self.probes:
            probe.initial.clear()

    def state(self) -> State:
        """Return what a checkpoint keeps."""
        probes = [{"initial": probe.initial, "state": probe.state} for probe in self.probes]
        return {"rows": self.rows.state(), "probes": probes, "finished": self.finished}

    def load(self, state: State, device: torch.device) -> None:
        """Take back what :meth:`state` returned; what is compared with nets goes on their ``device``."""
        self.rows.load(state["rows"])
        self.finished = state["finished"]
        for probe, kept in zip(self.probes, state["probes"], strict=True):
            probe.state = kept["state"]
            probe.initial = {
                what: {layer: tensor.to(device) for layer, tensor in tensors.items()}
                for what, tensors in kept["initial"].items()
            }


class Journal:
    """Records loops, one after the other; the only one to know that a cell can be interrupted.

    Args:
        cell: id of the cell.
        execution: how its nets are trained; the checkpoint of another cell or execution is not used.
        nets: all nets that loops will bring.
        probes: makes the probes of a net.
        outputs: takes what they keep for the ensemble.
        meter: counts what the cell costs, over all processes that worked on it.
        device: where the nets are.
        file: where a half-done cell is kept; taken up again if it is there. None: nowhere.
        seconds: how often.
    """

    def __init__(
        self,
        cell: str,
        execution: str,
        nets: list[Net],
        probes: Callable[[], list[Probe]],
        outputs: Outputs,
        *,
        meter: Meter,
        device: torch.device,
        file: Path | None = None,
        seconds: float = 60.0,
    ) -> None:
        self.entries = {net: Entry(Rows(*net), probes()) for net in nets}
        for net, entry in self.entries.items():
            for probe in entry.probes:
                probe.outputs = outputs.of(net, probe.name)
        self._outputs = outputs
        self._cell, self._execution, self._meter = cell, execution, meter
        self._file, self._seconds, self._saved = file, seconds, time.monotonic()
        self._logged: tuple[Loop, int] | None = None
        self._loop: State | None = None  # where the loop that was interrupted goes on
        if file and (state := checkpoint.load(file, cell, execution)) and outputs.load(state.get("outputs")):
            meter.add(*state["spent"])
            for (lr, seed), entry in state["entries"]:
                self.entries[lr, seed].load(entry, device)
            self._loop = state["loop"]

    def record(self, loop: Loop) -> None:
        """Run a loop and write down its events; go on where an earlier process was, or do nothing if it was through."""
        if all(self.entries[net].finished for net in loop.nets):
            return
        resumed, self._loop = self._loop, None
        for event in loop.events(resumed):
            match event:
                case Evaluation(member=member):
                    self.entries[member.lr, member.seed].measure(event)
                    self._log(loop, event.step)
                case Divergence():
                    entry = self.entries[event.net]
                    entry.rows.add(event.step, "diverged", event.step)
                    entry.finish()
                    logger.info("net of learning rate %g, seed %d diverged after %d updates", *event.net, event.step)
                case Pause():
                    if self._file and time.monotonic() - self._saved > self._seconds:
                        self._save(self._file, event.state())

    def _save(self, file: Path, loop: State) -> None:
        entries = [(net, entry.state()) for net, entry in self.entries.items()]
        state: dict[str, Any] = {"cell": self._cell, "execution": self._execution, "spent": self._meter.spent}
        checkpoint.save(file, {**state, "entries": entries, "outputs": self._outputs.digests, "loop": loop})
        self._saved = time.monotonic()

    def _log(self, loop: Loop, step: int) -> None:
        """Say how far the cell is, once a step of a loop."""
        if self._logged == (loop, step):
            return
        self._logged = loop, step
        steps = loop.problem.steps
        before = sum(entry.finished for net, entry in self.entries.items() if net not in loop.nets)
        done = (before + len(loop.nets) * step / steps) / len(self.entries)
        elapsed, _ = self._meter.spent
        left = f", about {elapsed * (1 - done) / done:.0f} s left" if done > 0 else ""
        nets = f"{before + 1}" if len(loop.nets) == 1 else f"{before + 1} to {before + len(loop.nets)}"
        logger.info("net %s of %d, step %d of %d: %.0f s so far%s", nets, len(self.entries), step, steps, elapsed, left)
