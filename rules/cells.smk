# Trainings and computations: every seed and learning rate of one configuration is a cell, and a job. Where seeds are
# apart each is a job, and one more joins them.


rule cell:
    """One training or computation, named by the digest of its spec: results/cells/<kind>/<cell>.parquet."""
    input:
        data=lambda wildcards: data_records(GRAPH.cells[wildcards.cell]),
        members=lambda wildcards: due_members(GRAPH.cells[wildcards.cell]),
        due=lambda wildcards: DUE.unless(CURRENT.is_current_cell(GRAPH.cells[wildcards.cell])),
    output:
        update("results/cells/{kind}/{cell}.parquet"),
    log:
        "results/logs/cells/{kind}/{cell}.log",
    group:
        lambda wildcards: BUNDLES[wildcards.cell]
    conda:
        "../environment.yml"
    threads: 1
    resources:
        at_once=1,
        gpu=lambda wildcards: int(wildcards.kind == "train" and uses_gpu()),
        mem_mb=lambda wildcards, attempt: asked(GRAPH.cells[wildcards.cell], attempt).memory_mb,
        runtime=lambda wildcards, attempt: asked(GRAPH.cells[wildcards.cell], attempt).minutes,
        title=lambda wildcards: GRAPH.cells[wildcards.cell].title,
    message:
        "cell {wildcards.cell}: {resources.title}"
    shell:
        '"$INFWIDTH_PYTHON" -I -S "$INFWIDTH_ASK" cell {wildcards.cell:q} --threads {threads:q} --log {log:q}'
