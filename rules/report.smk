# What people open: the catalog, the self-contained report, the published results, the cost of what is still to run.

import mimetypes

# Else the report takes a table for text, and shows it.
mimetypes.add_type("application/vnd.apache.parquet", ".parquet")


rule catalog:
    """Every figure of every paper, and what has become of it."""
    input:
        PROVENANCE,
    output:
        report(
            f"{TOLD_IN}/catalog.csv",
            category="Catalog",
            labels={"table": "the same as CSV"},
            caption="captions/catalog.rst",
        ),
    log:
        "results/logs/catalog.log",
    conda:
        "../environment.yml"
    params:
        scale=ASKED_SCALE,
        settings=SETTINGS,
        selection=SELECTION,
        published=PUBLISHED_SCALES,
        said=SAID,
        code=code_of_script("write_catalog"),
    message:
        "catalog of all papers' figures"
    script:
        "../src/infwidth/workflow/scripts/write_catalog.py"


# What a run has to say, as pages: an index, claims, catalog, provenance, and one a paper. They open by themselves, and the
# report shows them; a CSV it only hands out.
TEMPLATES = PAPERS_DIR.parent / "report" / "templates"
PAGES = {
    "claims": ("Claims", {"table": "all claims and verdicts"}, "captions/claims.rst"),
    "undecided": ("Claims", {"table": "what would decide the inconclusive ones"}, "captions/undecided.rst"),
    "catalog": ("Catalog", {"table": "all figures of all papers"}, "captions/catalog.rst"),
    "provenance": ("Provenance", {"table": "all cells"}, "captions/provenance.rst"),
    **{
        f"papers/{paper.name}": (
            CATEGORIES[paper.name],
            {"figure": f"{0:0{len(str(len(paper.figures)))}d}. Captions, claims and deviations on one page"},
            "captions/paper.rst",
        )
        for paper in IN_ORDER
    },
}


rule pages:
    """What a run has to say, as pages that open by themselves."""
    input:
        claims=rules.claims.output[0],
        cells=PROVENANCE,
        templates=sorted(map(str, TEMPLATES.glob("*.jinja"))),
    output:
        f"{TOLD_IN}/pages/index.html",
        *[
            report(f"{TOLD_IN}/pages/{name}.html", category=category, labels=labels, caption=caption)
            for name, (category, labels, caption) in PAGES.items()
        ],
    log:
        f"results/logs/pages_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        scale=ASKED_SCALE,
        settings=SETTINGS,
        selection=",".join(figure.rule for figure in GRAPH.figures),
        published=PUBLISHED_SCALES,
        said=SAID,
        code=code_of_script("write_pages"),
    message:
        "pages of the report"
    script:
        "../src/infwidth/workflow/scripts/write_pages.py"


rule report:
    """The self-contained report: results/<scale>/report.html."""
    input:
        rules.figures.input,
        rules.tables.input,
        rules.catalog.output,
        rules.pages.output,
        claims=rules.claims.output[0],
    output:
        f"{TOLD_IN}/report.html",
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
        f"report: {TOLD_IN}/report.html"
    script:
        "../src/infwidth/workflow/scripts/write_report.py"


# The report as a PDF: the template in paper/ set on one JSON file of what the tables say. The experiments are an input
# because their sources and deviations are printed.
rule manuscript:
    """The report as a PDF."""
    input:
        figures=[figure_file(figure, "pdf") for figure in GRAPH.figures],
        claims=rules.claims.output[0],
        cells=PROVENANCE,
        template=f"{workflow.basedir}/paper/manuscript.typ",
        bibliography=f"{workflow.basedir}/paper/references.bib",
        experiments=[str(paper_folders()[name] / "experiments.yaml") for name in GRAPH.papers],
    output:
        pdf=f"{TOLD_IN}/manuscript.pdf",
        data=f"{TOLD_IN}/manuscript/data.json",
    log:
        f"results/logs/manuscript_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        scale=ASKED_SCALE,
        settings=SETTINGS,
        selection=",".join(figure.rule for figure in GRAPH.figures),
        figures=[figure.rule for figure in GRAPH.figures],
        published=PUBLISHED_SCALES,
        code=code_of_script("write_pages"),
    message:
        f"manuscript: {TOLD_IN}/manuscript.pdf"
    script:
        "../src/infwidth/workflow/scripts/write_manuscript.py"


# Published files by their name within results/published/<scale>.
PUBLISHED_FILES = {
    "claims.csv": rules.claims.output[0],
    "cells.csv": PROVENANCE,
    **{f"tables/{paper}/{name}.parquet": table_file(paper, name) for paper, name in GRAPH.tables},
    **{f"figures/{f.rule}.png": figure_file(f, "png") for f in GRAPH.figures},
}


rule publish:
    """Copy tables, claims and figures to results/published/<scale>."""
    input:
        list(PUBLISHED_FILES.values()),
    output:
        update(f"{PUBLISHED}/MANIFEST.json"),
    log:
        f"results/logs/publish_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        names=list(PUBLISHED_FILES),
        left_out=list(GRAPH.left_out),
        figures=[(figure.paper, figure.name) for figure in GRAPH.figures],
        own=[paper.name for paper in GRAPH.papers.values() if paper.own],
    message:
        f"publish to {PUBLISHED}"
    script:
        "../src/infwidth/workflow/scripts/publish.py"


rule cost:
    """What each figure costs before it is run, from recorded run times."""
    log:
        f"results/logs/cost_{SCALE}.log",
    conda:
        "../environment.yml"
    params:
        scale=ASKED_SCALE,
        settings=SETTINGS,
        figures=config["figures"],
        cores=CORES,
    message:
        "minutes of one core left for each figure, from recorded run times"
    shell:
        "python -m infwidth cost --scale {params.scale:q} --set={params.settings:q} --figures {params.figures:q}"
        " --cores {params.cores:q} | tee {log:q}"
