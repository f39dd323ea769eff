"""Rounding twins: the trainings of an experiment once more, from initial weights changed by as much as rounding.

What such a change does to a claim is the claim's noise floor: another processor, whose sums round otherwise, changes
as much. An experiment that says ``noise_floor: true`` or ``false`` has twins or none; one that says nothing has them
where results are published from a run that anyone can repeat, at ``laptop`` and ``workstation``.
"""

from collections.abc import Iterable, Iterator

from infwidth.errors import SpecError
from infwidth.experiments.cells import Cell
from infwidth.specs.cells import Train
from infwidth.specs.identity import cell_id

#: The relative change of every initial weight: the distance of neighbours in single precision.
RELATIVE = 1e-7
#: The axis of a table that twins have a value of, and other cells none.
AXIS = "perturbation"
SCALES = ("laptop", "workstation")


def with_twins(cells: Iterable[Cell], noise_floor: bool | None, *, scale: str, where: str) -> Iterator[Cell]:
    """Yield the cells of an experiment and then, if it is to have a noise floor, the twin of each.

    Trainings in double precision have none unless they are asked for: their rounding is a billion times smaller.
    Raises SpecError, as by ``where``, for the noise floor of what is not trained, or is perturbed already.
    """
    cells = tuple(cells)
    yield from cells
    for cell in cells:
        spec = cell.spec
        if not isinstance(spec, Train) or spec.training.perturbation:
            if noise_floor:
                why = "perturbed already" if isinstance(spec, Train) else "a computation: nothing is trained"
                raise SpecError(f"{where}: noise_floor: the experiment is {why}; leave it out")
            continue
        if noise_floor or (noise_floor is None and scale in SCALES and spec.training.dtype == "float32"):
            training = spec.training.model_copy(update={"perturbation": RELATIVE})
            twin = spec.model_copy(update={"training": training})
            yield Cell(id=cell_id(twin), spec=twin, axes={**cell.axes, AXIS: RELATIVE})


def is_twin(cell: Cell) -> bool:
    """Return whether a cell is the twin of another."""
    return AXIS in cell.axes and isinstance(cell.spec, Train) and bool(cell.spec.training.perturbation)
