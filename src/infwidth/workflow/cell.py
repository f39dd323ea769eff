"""One cell from its spec to its file: what a job of the workflow does, and what runs by itself on a GPU machine."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.results.cell_file import write_cell
from infwidth.results.provenance import Meter
from infwidth.specs.cells import Solve, Train
from infwidth.specs.identity import canonical, cell_id

if TYPE_CHECKING:
    from infwidth.training.execution import Asked

logger = logging.getLogger(__name__)


def compute_cell(
    spec: Train | Solve[Any],
    *,
    prepared: Path,
    output: Path,
    device: str,
    threads: int,
    code: str = "",
    checkpoint_seconds: float = 60.0,
    execution: "Asked" = "auto",
) -> None:
    """Compute a cell and write its file.

    Args:
        spec: the cell's spec, as :func:`infwidth.experiments.cells.read_cell` makes it.
        prepared: folder with one prepared data set a subfolder.
        output: the parquet file to write; a checkpoint beside it is taken up and removed at the end.
        device: auto, cpu or cuda.
        threads: CPU threads.
        code: the digest of the code behind the cell, if it is known already.
        checkpoint_seconds: how often a training is made resumable.
        execution: how the nets of a training are trained (see :mod:`infwidth.training.execution`).
    """
    meter = Meter()
    checkpoint_file = output.with_suffix(".checkpoint")
    facts: dict[str, Any] = {"dataset": "", "dataset_sha256": "", "device": "cpu", "execution": "loop"}
    data = None
    if spec.data is not None:
        from infwidth.data.load import load_data
        from infwidth.training.device import prepare_torch

        chosen = prepare_torch(device, threads)
        data = load_data(prepared, spec.data.model_dump())
        facts |= {"dataset": data.name, "dataset_sha256": data.sha256}
    if isinstance(spec, Train):
        import torch

        from infwidth.training.trainer import Trainer

        trainer = Trainer(
            spec,
            data,  # type: ignore[arg-type]  # images or windows, as the block of a training's data is
            device=chosen,
            checkpoint_file=checkpoint_file,
            checkpoint_seconds=checkpoint_seconds,
            meter=meter,
            execution=execution,
        )
        rows = trainer.run()
        facts["execution"] = trainer.execution
        if chosen.type == "cuda":
            facts["device"] = torch.cuda.get_device_name()
    else:
        from infwidth.solve import solve

        rows = solve(spec.solve, data)
    code = code or this_package().code_of(entries.of_cell(spec, this_package()))
    provenance = meter.record(cell=cell_id(spec), code=code, **facts, torch=version("torch"), threads=threads)
    write_cell(output, rows, canonical(spec), provenance)
    checkpoint_file.unlink(missing_ok=True)
    logger.info("done in %.1f s: %d rows", provenance["wall_seconds"], len(rows))
