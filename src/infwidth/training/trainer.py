"""The trainer: all nets of a cell, every seed and learning rate, and the rows of their ensembles."""

from pathlib import Path

import pandas as pd
import torch

from infwidth.data.load import Labelled
from infwidth.results.provenance import Meter
from infwidth.results.rows import Rows
from infwidth.specs.cells import Train
from infwidth.specs.identity import cell_id
from infwidth.training.execution import Asked, execution_of, loops
from infwidth.training.journal import Journal
from infwidth.training.probes import make_probes
from infwidth.training.problem import Problem


class Trainer:
    """Trains the nets of one cell and measures them.

    Args:
        spec: the cell's spec.
        data: its images or windows of text, on the device or not.
        device: where to compute.
        checkpoint_file: where a half-done cell is kept; taken up again if it is there.
        checkpoint_seconds: how often.
        meter: counts what the cell costs, over all the processes that worked on it.
        execution: how nets are trained (see :mod:`infwidth.training.execution`).
    """

    def __init__(
        self,
        spec: Train,
        data: Labelled,
        *,
        device: torch.device,
        checkpoint_file: Path | None = None,
        checkpoint_seconds: float = 60.0,
        meter: Meter | None = None,
        execution: Asked = "auto",
    ) -> None:
        self.problem = Problem(spec, data, device)
        self.nets = [(lr, seed) for lr in spec.optimizer.lr for seed in spec.seeds]
        self.execution = execution_of(execution, device, len(self.nets))
        self._cell, self._probes = cell_id(spec), [probe.model_dump() for probe in spec.probes]
        self._file, self._seconds, self._meter = checkpoint_file, checkpoint_seconds, meter or Meter()

    def run(self) -> pd.DataFrame:
        """Train all nets; return the rows of all of them and of their ensembles."""
        journal = Journal(
            self._cell,
            self.execution,
            self.nets,
            lambda: make_probes(self._probes),
            meter=self._meter,
            device=self.problem.device,
            file=self._file,
            seconds=self._seconds,
        )
        for loop in loops(self.problem, self.nets, self.execution):
            journal.record(loop)
        rows = [entry.rows for entry in journal.entries.values()] + [
            self._ensemble(journal, lr) for lr in dict.fromkeys(lr for lr, _ in self.nets)
        ]
        return pd.concat([of_one.frame() for of_one in rows], ignore_index=True)

    def _ensemble(self, journal: Journal, lr: float) -> Rows:
        """Return the rows of the ensemble of all seeds at a learning rate."""
        rows = Rows(lr, -1, "ensemble")
        members = [entry.probes for (its_lr, _), entry in journal.entries.items() if its_lr == lr]
        for of_members in zip(*members, strict=True):
            states = [probe.state for probe in of_members]
            of_members[0].combine(states, self.problem.data, self.problem.loss, rows)
        return rows
