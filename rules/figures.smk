# Tables from cells, figures and claims from tables. One rule a figure, named as in the catalog.


rule table:
    input:
        lambda wildcards: [cell_file(cell) for cell in GRAPH.cells_of(wildcards.paper, wildcards.experiment)],
    output:
        report(
            f"results/{SCALE}/tables/{{paper}}/{{experiment}}.parquet",
            category="Tables",
            subcategory="{paper}",
            labels={"table": "{experiment}"},
            caption="captions/table.rst",
        ),
    log:
        "results/logs/tables/{paper}_{experiment}.log",
    conda:
        "../environment.yml"
    params:
        axes=lambda wildcards: {cell.id: cell.axes for cell in GRAPH.cells_of(wildcards.paper, wildcards.experiment)},
        code=code_hash(CODE["table"]),
    message:
        "table {wildcards.paper}/{wildcards.experiment}"
    script:
        "../src/infwidth/workflow/scripts/write_table.py"


for figure in GRAPH.figures:

    rule:
        name:
            figure.rule
        input:
            [table_file(*table) for table in figure.tables],
        output:
            pdf=figure_file(figure, "pdf"),
            png=report(
                figure_file(figure, "png"),
                category=CATEGORIES[figure.paper],
                labels={"figure": LABELS[figure.rule]},
                caption="captions/figure.rst",
            ),
        log:
            f"results/logs/figures/{figure.rule}.log",
        localrule: True
        conda:
            "../environment.yml"
        params:
            paper=figure.paper,
            figure=figure.name,
            tables=[experiment for _, experiment in figure.tables],
            title=figure.title,
            caption=figure.caption,
            reference=GRAPH.papers[figure.paper].reference,
            scale=SCALE,
            code=code_hash([*CODE["figure"], f"papers/{figure.paper}"]),
        message:
            f"figure {figure.rule}"
        script:
            "../src/infwidth/workflow/scripts/draw_figure.py"


rule paper_claims:
    input:
        tables_of_paper,
    output:
        f"results/{SCALE}/claims/{{paper}}.csv",
    log:
        "results/logs/claims/{paper}.log",
    conda:
        "../environment.yml"
    params:
        tables=lambda wildcards: [experiment for _, experiment in GRAPH.papers[wildcards.paper].tables],
        figures=lambda wildcards: [figure.name for figure in GRAPH.papers[wildcards.paper].figures],
        code=lambda wildcards: code_hash([*CODE["claims"], f"papers/{wildcards.paper}"]),
    message:
        "claims of {wildcards.paper}"
    script:
        "../src/infwidth/workflow/scripts/judge_claims.py"


rule claims:
    input:
        [f"results/{SCALE}/claims/{name}.csv" for name, paper in GRAPH.papers.items() if paper.figures],
    output:
        report(
            f"results/{SCALE}/claims.csv",
            category="Claims",
            labels={"table": "the same as CSV"},
            caption="captions/claims.rst",
        ),
    log:
        "results/logs/claims.log",
    conda:
        "../environment.yml"
    params:
        code=code_hash(CODE["claims"]),
    message:
        "ledger of claims"
    script:
        "../src/infwidth/workflow/scripts/collect_claims.py"


rule figures:
    input:
        [figure_file(figure, suffix) for figure in GRAPH.figures for suffix in ("pdf", "png")],


rule provenance:
    input:
        [cell_file(cell) for cell in GRAPH.cells.values()],
    output:
        report(
            f"results/{SCALE}/cells.csv",
            category="Provenance",
            labels={"table": "the same as CSV"},
            caption="captions/provenance.rst",
        ),
    log:
        "results/logs/cells.log",
    conda:
        "../environment.yml"
    params:
        code=code_hash(CODE["table"]),
    message:
        "provenance of all cells"
    script:
        "../src/infwidth/workflow/scripts/write_provenance.py"


rule tables:
    input:
        [table_file(paper, experiment) for paper, experiment in GRAPH.tables],
        PROVENANCE,
