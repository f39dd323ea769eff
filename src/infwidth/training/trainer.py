"""The trainer: every seed and learning rate of a cell, one net after the other.

A plain loop over the nets is the fastest way on a CPU (stacked weights lose 20 % to a factor of 3 for convolutions).
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from infwidth.data.load import Labelled
from infwidth.data.streams import Batches, augment
from infwidth.experiments.identity import cell_id
from infwidth.results.provenance import Meter
from infwidth.results.rows import Rows
from infwidth.training import checkpoint
from infwidth.training.examples import Examples, examples, on_device
from infwidth.training.losses import LOSSES
from infwidth.training.member import Member
from infwidth.training.probes import Evaluation, Probe, make_probes
from infwidth.training.schedule import evaluation_steps
from infwidth.training.updates import update_of

logger = logging.getLogger(__name__)


class Trainer:
    """Trains the nets of one cell and measures them.

    Args:
        spec: the cell's spec.
        data: its images or windows of text, on the device or not.
        device: where to compute.
        checkpoint_file: where a half-done cell is kept; taken up again if it is there.
        checkpoint_seconds: how often.
        meter: counts what the cell costs, over all the processes that worked on it.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        data: Labelled,
        *,
        device: torch.device,
        checkpoint_file: Path | None = None,
        checkpoint_seconds: float = 60.0,
        meter: Meter | None = None,
    ) -> None:
        training = spec["training"]
        self.spec, self.device = spec, device
        self.data = on_device(data, device, getattr(torch, training["dtype"]))
        self.batches = Batches(len(data.x_train), training["batch_size"], mode=training["stream"])
        self.loss = LOSSES[training["loss"]]
        self.evaluations = evaluation_steps(training["steps"], training["evaluations"])
        self.members = [(lr, seed) for lr in spec["optimizer"]["lr"] for seed in spec["seeds"]]
        self._checkpoint_file, self._checkpoint_seconds = checkpoint_file, checkpoint_seconds
        self._meter = meter or Meter()
        self._started = self._saved = time.monotonic()
        self._done: list[tuple[Rows, list[Probe]]] = []

    def batch(self, step: int) -> Examples:
        """Return the batch of ``step``: the same for every width, parametrization and seed."""
        batch = examples(self.data, "train", self.batches.indices(step).to(self.device))
        kind = self.spec["training"]["augmentation"]
        return batch if kind == "none" else replace(batch, x=augment(batch.x, step, kind), split=None)

    def run(self) -> pd.DataFrame:
        """Train all nets; return the rows of all of them and of their ensembles."""
        resumed = checkpoint.load(self._checkpoint_file, cell_id(self.spec)) if self._checkpoint_file else None
        if resumed:
            self._meter.add(*resumed["spent"])
        for number, (lr, seed) in enumerate(self.members):
            rows = Rows(lr, seed)
            probes = make_probes(self.spec["probes"])
            self._done.append((rows, probes))
            if resumed and number < len(resumed["members"]):
                _restore(rows, probes, resumed["members"][number])
                if number < len(resumed["members"]) - 1 or resumed["step"] is None:
                    continue
                self._train(number, rows, probes, resumed)
            else:
                self._train(number, rows, probes, None)
        return pd.concat([rows.frame() for rows, _ in self._done] + self._ensembles(), ignore_index=True)

    def _train(self, number: int, rows: Rows, probes: list[Probe], resumed: dict[str, Any] | None) -> None:
        lr, seed = self.members[number]
        member = Member(self.spec, self.data, seed=seed, lr=lr, device=self.device)
        evaluation = self._evaluation(member, 0)
        for probe in probes:
            probe.start(evaluation)
        start, finite = 0, torch.zeros((), dtype=torch.int64, device=self.device)
        if resumed:
            member.model.load_state_dict(resumed["model"])
            member.optimizer.load_state_dict(resumed["optimizer"])
            member.model.train()
            start, finite = resumed["step"], finite + resumed["step"]
            logger.info("net %d of %d goes on from step %d", number + 1, len(self.members), start)
        update = update_of(member.optimizer)
        steps, due = self.spec["training"]["steps"], set(self.evaluations)
        for step in range(start, steps + 1):
            if step in due and not (resumed and step == start):
                if int(finite) < step:
                    # Not a failure: the largest stable learning rate is a thing to measure.
                    rows.add(int(finite), "diverged", int(finite))
                    logger.info("net %d of %d diverged after %d updates", number + 1, len(self.members), int(finite))
                    break
                if step > 0:
                    evaluation = self._evaluation(member, step)
                for probe in probes:
                    probe.measure(evaluation, rows)
                member.model.train()
                self._log(number, step)
            if step == steps:
                break
            if time.monotonic() - self._saved > self._checkpoint_seconds and int(finite) == step:
                self._save(member, step)
            batch = self.batch(step)
            loss = self.loss(member.outputs(batch), batch.y)
            loss.backward()
            update()
            member.optimizer.zero_grad(set_to_none=True)
            # Counted on the device, read at evaluations only: reading each step would stall a GPU.
            finite += loss.detach().isfinite()
        self._save_between(number)

    def _evaluation(self, member: Member, step: int) -> Evaluation:
        member.model.eval()  # a batch normalisation then uses the averages it has kept; other nets do not change
        last = step == self.spec["training"]["steps"]
        return Evaluation(member, step, self.data, self.batch(0), self.loss, last=last)

    def _ensembles(self) -> list[pd.DataFrame]:
        frames = []
        for lr in self.spec["optimizer"]["lr"]:
            ensemble = [probes for (rows, probes) in self._done if rows.lr == lr]
            rows = Rows(lr, -1, "ensemble")
            for position, probe in enumerate(ensemble[0]):
                probe.combine([probes[position].state for probes in ensemble], self.data, self.loss, rows)
            frames.append(rows.frame())
        return frames

    def _save_between(self, number: int) -> None:
        if number + 1 < len(self.members) and time.monotonic() - self._saved > self._checkpoint_seconds:
            self._save(None, None)

    def _save(self, member: Member | None, step: int | None) -> None:
        if self._checkpoint_file is None:
            return
        state: dict[str, Any] = {
            "cell": cell_id(self.spec),
            "step": step,
            "spent": self._meter.spent,
            "members": [
                {"rows": rows.state(), "probes": [probe.state for probe in probes]} for rows, probes in self._done
            ],
        }
        if member is not None:
            state |= {"model": member.model.state_dict(), "optimizer": member.optimizer.state_dict()}
        checkpoint.save(self._checkpoint_file, state)
        self._saved = time.monotonic()

    def _log(self, number: int, step: int) -> None:
        steps = self.spec["training"]["steps"]
        done = (number + step / steps) / len(self.members)
        elapsed = time.monotonic() - self._started
        left = f", about {elapsed * (1 - done) / done:.0f} s left" if done > 0 else ""
        logger.info(
            "net %d of %d, step %d of %d: %.0f s so far%s", number + 1, len(self.members), step, steps, elapsed, left
        )


def _restore(rows: Rows, probes: list[Probe], state: dict[str, Any]) -> None:
    rows.load(state["rows"])
    for probe, tensors in zip(probes, state["probes"], strict=True):
        probe.state = tensors
