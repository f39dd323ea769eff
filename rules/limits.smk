# Computations of their own: exact limits, small nets beside them, algebra.


for bundle in GRAPH.bundles("solve"):

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
            specs=[cell.document for cell in bundle.cells],
            device=config["device"],
            code=code_hash(solve_code(bundle.cells)),
        message:
            "{resources.title}"
        script:
            "../src/infwidth/workflow/scripts/compute_cells.py"
