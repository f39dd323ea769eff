"""Which modules each kind of job names: what :meth:`infwidth.plan.code.Package.code_of` starts from."""

from typing import Any

from infwidth.data.forms import form_of
from infwidth.data.registry import dataset
from infwidth.errors import SpecError, nearest
from infwidth.plan.code import Package
from infwidth.specs.cells import Recipe, Solve, Train

#: What joins the rows of cells to a table.
TABLE = ("infwidth.results.tables:write_table",)


def of_cell(spec: Train | Solve[Any], package: Package) -> list[str]:
    """Return the modules behind a cell: the trainer or a computation, and the model, probes and data of its spec.

    Raises SpecError for a name that no registry has.
    """
    entries = []
    if spec.data is not None:
        form = form_of(spec.data.model_dump(), dataset(spec.data.name).kind)
        entries = ["infwidth.training.device", "infwidth.data.load"]
        entries.append(_registered(package, "infwidth.data.forms", "LOADERS", form))
    trained = spec if isinstance(spec, Train) else spec.solve  # a computation that trains names its model too
    if isinstance(trained, Recipe):
        entries.append(_registered(package, "infwidth.models", "MODELS", trained.model.name))
        entries += [_registered(package, "infwidth.training.probes", "PROBES", probe.name) for probe in trained.probes]
    if isinstance(spec, Train):
        return [*entries, "infwidth.training.trainer"]
    name = spec.solve.name
    paper, _, _ = name.rpartition(".")
    own = f"infwidth.papers.{paper}.solve" if paper else _registered(package, "infwidth.solve", "COMPUTATIONS", name)
    return [*entries, "infwidth.solve", own]


def of_figure(paper: str, figure: str) -> list[str]:
    """Return the modules behind a figure: that of its function, and what reads its tables and saves it."""
    return [f"infwidth.papers.{paper}.figures.{figure}", "infwidth.workflow.figures"]


def of_claims(paper: str) -> list[str]:
    """Return the modules behind a paper's claims."""
    return [f"infwidth.papers.{paper}.claims", "infwidth.report.ledger"]


def _registered(package: Package, module: str, registry: str, name: str) -> str:
    known = package.registry(module, registry)
    if name not in known:
        raise SpecError(f"{module}.{registry} has no '{name}'{nearest(name, known)}; it has {', '.join(known)}")
    return known[name]
