# Trainings: every seed and learning rate of one configuration in one job.


rule train:
    input:
        data=data_records,
    output:
        "results/cells/train/{cell}.parquet",
    log:
        "results/logs/cells/{cell}.log",
    conda:
        "../environment.yml"
    threads: 1
    resources:
        title=cell_title,
        gpu=int(USES_GPU),
    params:
        spec=lambda wildcards: GRAPH.cells[wildcards.cell].spec,
        device=config["device"],
        code=code_hash(CODE["train"]),
    message:
        "cell {resources.title}"
    script:
        "../src/infwidth/workflow/scripts/compute_cell.py"
