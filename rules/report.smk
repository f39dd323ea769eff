# What people open: the catalog, the self-contained report, the published results, the cost of what is still to run.

import mimetypes

# Else the report takes a table for text, and shows it.
mimetypes.add_type("application/vnd.apache.parquet", ".parquet")


rule catalog:
    input:
        PROVENANCE,
    output:
        report(
            f"results/{SCALE}/catalog.csv",
            category="Catalog",
            labels={"table": "the same as CSV"},
            caption="captions/catalog.rst",
        ),
    log:
        "results/logs/catalog.log",
    conda:
        "../environment.yml"
    params:
        cells={figure.rule: list(GRAPH.cells_of_figure(figure)) for figure in GRAPH.figures},
        left_out=list(GRAPH.left_out),
        published=PUBLISHED_SCALES,
        code=code_hash(CODE["catalog"]),
    message:
        "catalog of all papers' figures"
    script:
        "../src/infwidth/workflow/scripts/write_catalog.py"


# The tables that people read first, as pages that the report shows; a CSV it only hands out.
rule pages:
    input:
        claims=rules.claims.output[0],
        catalog=rules.catalog.output[0],
        cells=PROVENANCE,
    output:
        claims=report(
            f"results/{SCALE}/pages/claims.html",
            category="Claims",
            labels={"table": "all claims and verdicts"},
            caption="captions/claims.rst",
        ),
        catalog=report(
            f"results/{SCALE}/pages/catalog.html",
            category="Catalog",
            labels={"table": "all figures of all papers"},
            caption="captions/catalog.rst",
        ),
        cells=report(
            f"results/{SCALE}/pages/provenance.html",
            category="Provenance",
            labels={"table": "all cells"},
            caption="captions/provenance.rst",
        ),
    log:
        f"results/logs/pages_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        titles={paper.name: paper.title for paper in IN_ORDER},
        figures={figure.rule: figure.title for paper in IN_ORDER for figure in paper.figures},
        all_titles={**read_titles(), **GRAPH.titles},
        code=code_hash(CODE["pages"]),
    message:
        "pages of the report"
    script:
        "../src/infwidth/workflow/scripts/write_pages.py"


rule report:
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output,
        rules.catalog.output,
        rules.pages.output,
    output:
        f"results/{SCALE}/report.html",
    log:
        f"results/logs/report_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        # Without what a cluster is asked for: it changes nothing here.
        config={key: value for key, value in config.items() if not key.startswith("unrecorded_")},
        counts={"papers": len(IN_ORDER), "figures": len(GRAPH.figures)},
        snakefile=str(workflow.main_snakefile),
    message:
        "report"
    script:
        "../src/infwidth/workflow/scripts/write_report.py"


# The report as a paper: the template in paper/ set on one JSON file of what the tables say. The experiments are an input
# because their sources and deviations are printed.
rule paper:
    input:
        figures=[figure_file(figure, "pdf") for figure in GRAPH.figures],
        claims=rules.claims.output[0],
        cells=PROVENANCE,
        template=f"{workflow.basedir}/paper/report.typ",
        bibliography=f"{workflow.basedir}/paper/references.bib",
        experiments=[str(PAPERS_DIR / name / "experiments.yaml") for name in GRAPH.papers],
    output:
        pdf=f"results/{SCALE}/paper.pdf",
        data=f"results/{SCALE}/paper/data.json",
    log:
        f"results/logs/paper_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        scale=SCALE,
        selection=config["figures"],
        schemas=str(SCHEMAS),
        figures=[figure.rule for figure in GRAPH.figures],
        code=code_hash(CODE["paper"]),
    message:
        "report as a paper"
    script:
        "../src/infwidth/workflow/scripts/write_paper.py"


# Published files by their name within results/published/<scale>.
PUBLISHED_FILES = {
    "claims.csv": f"results/{SCALE}/claims.csv",
    "cells.csv": PROVENANCE,
    **{f"tables/{paper}/{name}.parquet": table_file(paper, name) for paper, name in GRAPH.tables},
    **{f"figures/{f.rule}.png": figure_file(f, "png") for f in GRAPH.figures},
}


rule publish:
    input:
        list(PUBLISHED_FILES.values()),
    output:
        f"{PUBLISHED}/MANIFEST.json",
    log:
        f"results/logs/publish_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        names=list(PUBLISHED_FILES),
        scale=SCALE,
        left_out=list(GRAPH.left_out),
    message:
        f"publish to {PUBLISHED}"
    script:
        "../src/infwidth/workflow/scripts/publish.py"


rule cost:
    log:
        f"results/logs/cost_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        scale=SCALE,
    message:
        "minutes of one core left for each figure, from recorded run times"
    shell:
        "python -m infwidth cost --scale {params.scale:q} | tee {log:q}"
