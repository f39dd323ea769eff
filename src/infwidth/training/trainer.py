"""The trainer: all nets of a cell, every seed and learning rate, and what was measured of them."""

from pathlib import Path

import pandas as pd
import torch

from infwidth.data.load import Labelled
from infwidth.results.provenance import Meter
from infwidth.specs.cells import Train
from infwidth.specs.identity import cell_id
from infwidth.training.ensembles import nets_of, with_ensembles
from infwidth.training.execution import Asked, execution_of, loops
from infwidth.training.journal import Journal
from infwidth.training.outputs import Outputs
from infwidth.training.probes import make_probes
from infwidth.training.problem import Problem


class Trainer:
    """Trains the nets of one cell and measures them.

    Args:
        spec: the cell's spec.
        data: its images or windows of text, on the device or not.
        device: where to compute.
        checkpoint_file: where a half-done cell is kept; taken up again if it is there. What probes keep for ensembles
            lies in a folder beside it.
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
        self.spec, self.problem = spec, Problem(spec, data, device)
        self.nets = nets_of(spec)
        self.outputs = Outputs(checkpoint_file and checkpoint_file.with_suffix(".outputs"))
        self.execution = execution_of(execution, device, len(self.nets))
        self._cell, self._probes = cell_id(spec), [probe.model_dump() for probe in spec.probes]
        self._file, self._seconds, self._meter = checkpoint_file, checkpoint_seconds, meter or Meter()

    def run(self) -> pd.DataFrame:
        """Train all nets; return the rows of all of them and, unless seeds are apart, of their ensembles."""
        journal = Journal(
            self._cell,
            self.execution,
            self.nets,
            lambda: make_probes(self._probes),
            self.outputs,
            meter=self._meter,
            device=self.problem.device,
            file=self._file,
            seconds=self._seconds,
        )
        for loop in loops(self.problem, self.nets, self.execution):
            journal.record(loop)
        nets = {net: entry.rows.frame() for net, entry in journal.entries.items()}
        if self.spec.apart:
            return pd.concat(nets.values(), ignore_index=True)
        return with_ensembles(self.spec, nets, self.outputs.of, self.problem.data)

    def forget(self) -> None:
        """Remove what lets a half-done cell go on, once its rows are kept."""
        if self._file:
            self._file.unlink(missing_ok=True)
        self.outputs.remove()
