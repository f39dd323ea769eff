# Exact infinite-width limits: no finite net is trained.


for bundle in GRAPH.bundles("limit"):

    rule:
        name:
            bundle.name
        input:
            data=data_records(bundle.cells),
        output:
            [cell_file(cell) for cell in bundle.cells],
        log:
            f"results/logs/cells/{bundle.name}.log",
        localrule: is_small([cell.id for cell in bundle.cells], RUNS)
        conda:
            "../environment.yml"
        threads: 1
        resources:
            title=title(bundle.cells),
            mem_mb=memory_mb(bundle.cells),
            runtime=minutes(bundle.cells),
        params:
            specs=[cell.spec for cell in bundle.cells],
            device=config["device"],
            code=code_hash(limit_code(bundle.cells)),
        message:
            "{resources.title}"
        script:
            "../src/infwidth/workflow/scripts/compute_cells.py"
