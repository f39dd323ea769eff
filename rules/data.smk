# Data sets: found in data_dir, embedded in a dependency, or downloaded; prepared once as plain arrays.


rule prepare_data:
    """One data set, found in data_dir, embedded in a dependency or downloaded: results/data/<data set>/record.json."""
    input:
        due=lambda wildcards: DUE.unless(is_prepared(wildcards.prepared)),
    output:
        update("results/data/{prepared}/record.json"),
    log:
        "results/logs/data/{prepared}.log",
    conda:
        "../environment.yml"
    threads: CORES
    params:
        data_dir=str(DATA_DIR),
        dataset=lambda wildcards: SETS[wildcards.prepared][0],
        options=lambda wildcards: SETS[wildcards.prepared][1],
        key=PREPARATION,
    message:
        "prepare data set {wildcards.prepared}"
    script:
        "../src/infwidth/workflow/scripts/prepare_data.py"
