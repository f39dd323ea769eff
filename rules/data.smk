# Data sets: found in data_dir, embedded in a dependency, or downloaded; prepared once as plain arrays.


rule prepare_data:
    output:
        "results/data/{dataset}/record.json",
    log:
        "results/logs/data/{dataset}.log",
    conda:
        "../environment.yml"
    params:
        data_dir=config["data_dir"],
        code=code_hash(CODE["prepare"]),
    message:
        "prepare data set {wildcards.dataset}"
    script:
        "../src/infwidth/workflow/scripts/prepare_data.py"
