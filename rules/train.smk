# Trainings: every seed and learning rate of one configuration is a cell, and a job but for the smallest.


for bundle in GRAPH.bundles("train"):

    rule:
        name:
            bundle.name
        input:
            data=data_records(bundle.cells),
        output:
            [cell_file(cell) for cell in bundle.cells],
        log:
            f"results/logs/cells/{bundle.name}.log",
        conda:
            "../environment.yml"
        threads: 1
        resources:
            title=title(bundle.cells),
            gpu=lambda wildcards: int(uses_gpu()),
            mem_mb=memory_mb(bundle.cells),
            runtime=minutes(bundle.cells),
        params:
            specs=[cell.document for cell in bundle.cells],
            device=config["device"],
            code=code_hash(CODE["train"]),
        message:
            "{resources.title}"
        script:
            "../src/infwidth/workflow/scripts/compute_cells.py"
