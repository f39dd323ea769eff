"""Taking over cells that were computed elsewhere: whole files only, by the code of now, each in its own place."""

import shutil
from pathlib import Path

from infwidth.errors import DataError
from infwidth.experiments.cells import read_cell
from infwidth.files import replacing
from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.results.cell_file import read_facts, read_provenance
from infwidth.results.facts import outputs_file
from infwidth.specs.cells import Train
from infwidth.specs.identity import cell_id, from_canonical


def adopt(file: Path, cells: Path) -> Path:
    """Copy the cell ``file``, and what lies beside it, to its place in the folder ``cells``, and return that.

    Nothing that the file says of itself leads out of the folder: its spec is read as any other, and names its place.
    Raises SpecError or DataError for a file that is damaged or no cell's, and DataError for a cell that other code
    made, which the workflow would compute anew.
    """
    spec = read_cell(from_canonical(read_provenance(file)[0]), where=str(file))
    name = cell_id(spec)
    facts = read_facts(file, name)
    code = this_package().code_of(entries.of_cell(spec, this_package()))
    if facts.code != code:
        raise DataError(
            f"{file}: made by other code ({facts.code or 'unknown'}) than is here ({code}); compute the cell there "
            "from the same commit as here, or let the workflow compute it"
        )
    target = cells / spec.kind / f"{name}.parquet"
    if isinstance(spec, Train) and spec.apart:
        _copy(outputs_file(file), outputs_file(target))  # before the cell, which says that it is there
    _copy(file, target)
    return target


def _copy(file: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)
