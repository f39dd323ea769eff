# Exact infinite-width limits: no finite net is trained.


rule limit:
    input:
        data=data_records,
    output:
        "results/cells/limit/{cell}.parquet",
    log:
        "results/logs/cells/{cell}.log",
    conda:
        "../environment.yml"
    threads: 1
    resources:
        title=cell_title,
    params:
        spec=lambda wildcards: GRAPH.cells[wildcards.cell].spec,
        device=config["device"],
        code=code_hash(CODE["limit"]),
    message:
        "cell {resources.title}"
    script:
        "../src/infwidth/workflow/scripts/compute_cell.py"
