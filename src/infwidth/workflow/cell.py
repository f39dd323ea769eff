"""One cell from its spec to its file: what a job of the workflow does, and what runs by itself on a GPU machine."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infwidth.errors import DataError
from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.results import cell_file
from infwidth.results.cell_file import Joined, write_cell
from infwidth.results.facts import outputs_file
from infwidth.results.provenance import Meter
from infwidth.specs.cells import Solve, Train
from infwidth.specs.identity import canonical, cell_id

if TYPE_CHECKING:
    import pandas as pd

    from infwidth.data.load import Labelled
    from infwidth.training.execution import Asked
    from infwidth.training.trainer import Trainer as AnyTrainer

logger = logging.getLogger(__name__)


def compute_cell(
    spec: Train | Solve[Any],
    *,
    prepared: Path,
    output: Path,
    device: str,
    threads: int,
    members: Path | None = None,
    code: str = "",
    checkpoint_seconds: float = 60.0,
    execution: "Asked" = "auto",
) -> None:
    """Compute a cell and write its file.

    Args:
        spec: the cell's spec, as :func:`infwidth.experiments.cells.read_cell` makes it.
        prepared: folder with one prepared data set a subfolder.
        output: the parquet file to write; a checkpoint beside it is taken up and removed at the end.
        device: auto, cpu or cuda; what joins other cells needs no GPU.
        threads: CPU threads.
        members: folder with the cells that this one joins, if it does; by default that of ``output``.
        code: the digest of the code behind the cell, if it is known already.
        checkpoint_seconds: how often a training is made resumable.
        execution: how the nets of a training are trained (see :mod:`infwidth.training.execution`).

    Raises DataError where a cell to be joined is not there, or was made by other code or on other data.
    """
    meter = Meter()
    code = code or this_package().code_of(entries.of_cell(spec, this_package()))
    facts: dict[str, Any] = {"dataset": "", "dataset_sha256": "", "device": "cpu", "execution": "loop"}
    data: Any = None
    joined: list[Joined] = []
    trainer: AnyTrainer | None = None
    if spec.data is not None:
        from infwidth.data.load import load_data
        from infwidth.training.device import prepare_torch

        chosen = prepare_torch("cpu" if spec.kind == "join" else device, threads)
        data = load_data(prepared, spec.data.model_dump())
        facts |= {"dataset": data.name, "dataset_sha256": data.sha256}
    if isinstance(spec, Train) and spec.kind == "join":
        rows, joined = _join(spec, members or output.parent, data, code)
    elif isinstance(spec, Train):
        import torch

        from infwidth.training.trainer import Trainer

        trainer = Trainer(
            spec,
            data,
            device=chosen,
            checkpoint_file=output.with_suffix(".checkpoint"),
            checkpoint_seconds=checkpoint_seconds,
            meter=meter,
            execution=execution,
        )
        rows = trainer.run()
        facts["execution"] = trainer.execution
        if spec.apart:
            facts["outputs_sha256"] = trainer.outputs.pack(outputs_file(output))
        if chosen.type == "cuda":
            facts["device"] = torch.cuda.get_device_name()
    else:
        from infwidth.solve import solve

        rows = solve(spec.solve, data)
    provenance = meter.record(cell=cell_id(spec), code=code, **facts, torch=version("torch"), threads=threads)
    write_cell(output, rows, canonical(spec), provenance, joined)
    if trainer is not None:
        trainer.forget()
    logger.info("done in %.1f s: %d rows", provenance["wall_seconds"], len(rows))


def _join(spec: Train, folder: Path, data: "Labelled", code: str) -> "tuple[pd.DataFrame, list[Joined]]":
    """Return the rows of a training whose seeds have cells of their own in ``folder``, and what these tell."""
    from infwidth.training.ensembles import joined

    told: list[Joined] = []
    members = {}
    for member in spec.members:
        (seed,), file = member.seeds, folder / f"{cell_id(member)}.parquet"
        if not file.exists():
            raise DataError(
                f"{file}: the cell of seed {seed} is not there, which cell {cell_id(spec)} joins with those of other "
                "seeds; compute it first, or leave the joining to the workflow (docs/cluster.md)"
            )
        facts = cell_file.read_facts(file, cell_id(member))
        if (facts.code, facts.data) != (code, data.sha256):
            raise DataError(f"{file}: made by other code or on other data than are here; compute it anew")
        spec_of, provenance = cell_file.read_provenance(file)
        told.append({"spec": spec_of, "provenance": provenance, "rows": facts.rows})
        members[seed] = cell_file.read_cell(file), outputs_file(file)
    return joined(spec, members, data), told
