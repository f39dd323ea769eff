# Data sets: found in data_dir, embedded in a dependency, or downloaded; prepared once as plain arrays.


PREPARATION = code_of_script("prepare_data")


# Prepared set → data set and options. Those without options can be asked for by name, needed or not.
SETS = {name: (name, {}) for name in DATASETS}
for cell in GRAPH.cells.values():
    SETS |= sets_of(cell.spec)


# Return whether a set is prepared by the code of now from the files of now. One that is not there is missing, not due.
def is_prepared(prepared):
    folder = places.PREPARED / prepared
    if not (folder / "record.json").exists():
        return True
    from infwidth.data.current import is_current

    dataset, options = SETS[prepared]
    note = places.PREPARED / f".{prepared}.made.json"
    return made([folder / "record.json"], PREPARATION, note) and is_current(dataset, options, DATA_DIR, folder)


rule prepare_data:
    """One data set, found in data_dir, embedded in a dependency or downloaded: results/data/<data set>/record.json."""
    input:
        due=lambda wildcards: DUE.unless(is_prepared(wildcards.prepared)),
    output:
        "results/data/{prepared}/record.json",
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
