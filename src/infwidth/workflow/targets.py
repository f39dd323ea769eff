"""What a person asked the workflow for: misspelt names are answered with the nearest, before Snakemake refuses them."""

from collections.abc import Collection, Sequence
from pathlib import Path

from infwidth.errors import SpecError, nearest
from infwidth.plan.graph import Graph

#: The rules that are not a figure's or a paper's (a test compares them with the workflow's).
RULES = frozenset(
    {
        *("all", "catalog", "cell", "claims", "cost", "figures", "manuscript", "pages", "paper_claims"),
        *("prepare_data", "provenance", "publish", "report", "table", "tables"),
    }
)


def check_names(graph: Graph) -> None:
    """Raise SpecError for a paper or a figure that is called as another rule is."""
    for paper in graph.papers.values():
        for name in (paper.name, *(figure.rule for figure in paper.figures)):
            if name in RULES:
                raise SpecError(
                    f"{paper.name}/experiments.yaml: '{name}' is a target of the workflow; rename the paper"
                )


def asked_for(arguments: Sequence[str]) -> list[str]:
    """Return the targets on a command line of Snakemake; none where it is not one."""
    from snakemake.cli import get_argument_parser

    try:
        known, _ = get_argument_parser().parse_known_args(list(arguments))
    except (SystemExit, Exception):  # not ours to report: Snakemake has read the same line and goes on
        return []
    return list(known.targets)


def check_targets(targets: Collection[str], rules: Collection[str], left_out: Collection[str]) -> None:
    """Raise SpecError for a target that is no rule and no file's path; ``left_out`` are figures not asked for."""
    for target in targets:
        if target in rules or "/" in target or Path(target).exists():
            continue
        if target in left_out:
            raise SpecError(f"the target {target} is not among the figures that figures=… in the configuration names")
        raise SpecError(
            f"there is no target '{target}'{nearest(target, rules)}; ./run snakemake --list-rules names all of them"
        )
