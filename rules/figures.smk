# Tables from cells, figures and claims from tables. One rule a figure, named as in the catalog.


# Without a caption in the report, which sets each in the time that all results together take: what all tables are stands
# on the report's first page.
rule table:
    """The rows of an experiment's cells: results/<scale>/tables/<paper>/<experiment>.parquet."""
    input:
        lambda wildcards: [
            str(places.cell_file(cell)) for cell in GRAPH.cells_of(wildcards.paper, wildcards.experiment)
        ],
        due=lambda wildcards: DUE.unless(is_current_table(wildcards.paper, wildcards.experiment)),
    output:
        update(
            report(
                f"results/{SCALE}/tables/{{paper}}/{{experiment}}.parquet",
                category="Tables",
                subcategory="{paper}",
                labels={"table": "{experiment}"},
            )
        ),
    log:
        "results/logs/tables/{paper}_{experiment}.log",
    conda:
        "../environment.yml"
    message:
        "table {wildcards.paper}/{wildcards.experiment}"
    shell:
        '"$INFWIDTH_PYTHON" -I -S "$INFWIDTH_ASK" table {wildcards.paper:q}/{wildcards.experiment:q} --log {log:q}'


for figure in GRAPH.figures:

    rule:
        name:
            figure.rule
        input:
            [table_file(*table) for table in figure.tables],
            due=due_figure(figure),
        output:
            pdf=update(figure_file(figure, "pdf")),
            png=update(
                report(
                    figure_file(figure, "png"),
                    category=CATEGORIES[figure.paper],
                    labels={"figure": LABELS[figure.rule]},
                    caption="captions/figure.rst",
                )
            ),
        log:
            f"results/logs/figures/{figure.rule}.log",
        localrule: True
        conda:
            "../environment.yml"
        params:
            rule=figure.rule,
            title=as_rst(figure.title),
            caption=as_rst(figure.caption),
            reference=as_rst(GRAPH.papers[figure.paper].reference),
            scale=SCALE,
        message:
            f"figure {figure.rule}"
        shell:
            '"$INFWIDTH_PYTHON" -I -S "$INFWIDTH_ASK" figure {params.rule:q} --log {log:q}'


rule paper_claims:
    """The claims of one paper, judged on its tables: results/<scale>/claims/<paper>.csv, or those of some figures."""
    input:
        tables_of_paper,
        due=lambda wildcards: DUE.unless(is_current_ledger(wildcards.paper)),
    output:
        update(f"{TOLD_IN}/claims/{{paper}}.csv"),
    log:
        "results/logs/claims/{paper}.log",
    conda:
        "../environment.yml"
    message:
        "claims of {wildcards.paper}"
    shell:
        '"$INFWIDTH_PYTHON" -I -S "$INFWIDTH_ASK" claims {wildcards.paper:q} --log {log:q}'


for paper in GRAPH.papers.values():

    rule:
        name:
            paper.name
        input:
            [figure_file(figure, suffix) for figure in paper.figures for suffix in ("pdf", "png")],
            [str(places.claims_file(FOLDER, paper.name))] if paper.figures else [],
        localrule: True


describe()


rule claims:
    """The verdicts on all claims of all papers."""
    input:
        [f"{TOLD_IN}/claims/{name}.csv" for name, paper in GRAPH.papers.items() if paper.figures],
    output:
        report(
            f"{TOLD_IN}/claims.csv",
            category="Claims",
            labels={"table": "the same as CSV"},
            caption="captions/claims.rst",
        ),
    log:
        "results/logs/claims.log",
    conda:
        "../environment.yml"
    params:
        code=code_of_script("collect_claims"),
    message:
        "ledger of claims"
    script:
        "../src/infwidth/workflow/scripts/collect_claims.py"


rule figures:
    """All figures."""
    input:
        [figure_file(figure, suffix) for figure in GRAPH.figures for suffix in ("pdf", "png")],


rule provenance:
    """Where each cell comes from: code, data, machine, cost."""
    input:
        [str(places.cell_file(cell)) for cell in GRAPH.table_cells],
    output:
        report(
            f"{TOLD_IN}/cells.csv",
            category="Provenance",
            labels={"table": "the same as CSV"},
            caption="captions/provenance.rst",
        ),
    log:
        "results/logs/cells.log",
    conda:
        "../environment.yml"
    params:
        code=code_of_script("write_provenance"),
    message:
        "provenance of all cells"
    script:
        "../src/infwidth/workflow/scripts/write_provenance.py"


rule tables:
    """All tables, and the provenance of all cells."""
    input:
        [table_file(paper, experiment) for paper, experiment in GRAPH.tables],
        PROVENANCE,
