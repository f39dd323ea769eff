"""One cell from its spec to its file: what a job of the workflow does, and what runs by itself on a GPU machine."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infwidth.errors import SpecError
from infwidth.experiments.identity import cell_id
from infwidth.results.cell_file import write_cell
from infwidth.results.provenance import Meter

if TYPE_CHECKING:
    from infwidth.training.execution import Execution

logger = logging.getLogger(__name__)


def compute_cell(
    spec: dict[str, Any],
    *,
    prepared: Path,
    output: Path,
    device: str,
    threads: int,
    checkpoint_seconds: float = 60.0,
    execution: "Execution | None" = None,
) -> None:
    """Compute a cell and write its file.

    Args:
        spec: the cell's spec, as :mod:`infwidth.experiments` makes it.
        prepared: folder with one prepared data set a subfolder.
        output: the parquet file to write; a checkpoint beside it is taken up and removed at the end.
        device: auto, cpu or cuda.
        threads: CPU threads.
        checkpoint_seconds: how often a training is made resumable.
        execution: how the nets of a training are trained (see :mod:`infwidth.training.execution`).
    """
    meter = Meter()
    checkpoint_file = output.with_suffix(".checkpoint")
    facts: dict[str, Any] = {"dataset": "", "dataset_sha256": "", "device": "cpu", "execution": "loop"}
    data = None
    if "data" in spec:
        from infwidth.data.load import load_data
        from infwidth.training.device import prepare_torch

        chosen = prepare_torch(device, threads)
        data = load_data(prepared, spec["data"])
        facts |= {"dataset": data.name, "dataset_sha256": data.sha256}
    match spec["kind"]:
        case "train":
            import torch

            from infwidth.data.images import Images
            from infwidth.data.tokens import Windows
            from infwidth.training.trainer import Trainer

            if not isinstance(data, Images | Windows):
                raise SpecError(f"cell {cell_id(spec)}: data: a training needs images or windows of text")
            trainer = Trainer(
                spec,
                data,
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
        case "limit":
            from infwidth.solve import solve

            rows = solve(spec["limit"], data)
        case kind:
            raise SpecError(f"cell {cell_id(spec)}: unknown kind '{kind}'; known: train, limit")
    provenance = meter.record(cell=cell_id(spec), **facts, torch=version("torch"), threads=threads)
    write_cell(output, rows, spec, provenance)
    checkpoint_file.unlink(missing_ok=True)
    logger.info("done in %.1f s: %d rows", provenance["wall_seconds"], len(rows))
