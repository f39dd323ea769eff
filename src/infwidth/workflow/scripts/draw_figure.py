"""Draw one figure (the rule of that figure's name)."""

from pathlib import Path

from infwidth.workflow.figures import draw
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]):
    draw(
        snakemake.params.paper,
        snakemake.params.figure,
        dict(zip(snakemake.params.tables, map(Path, snakemake.input), strict=True)),
        pdf=Path(snakemake.output.pdf),
        png=Path(snakemake.output.png),
    )
