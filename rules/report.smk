# What people open: the catalog, the self-contained report, the published results, the cost of what is still to run.


rule catalog:
    input:
        PROVENANCE,
    output:
        report(
            f"results/{SCALE}/catalog.csv",
            category="Catalog",
            labels={"table": "all figures of all papers"},
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


rule report:
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output,
        rules.catalog.output,
    output:
        f"results/{SCALE}/report.html",
    log:
        f"results/logs/report_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        # Without what a cluster is asked for: it changes nothing here.
        config={key: value for key, value in config.items() if not key.startswith("unrecorded_")},
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
    "cells.csv": f"results/{SCALE}/cells.csv",
    **{f"tables/{paper}/{name}.csv": f"results/{SCALE}/tables/{paper}/{name}.csv" for paper, name in GRAPH.tables},
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
