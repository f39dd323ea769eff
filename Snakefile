# infwidth: cells → tables → figures and claims → report.  ./run snakemake --cores all
# One figure: ./run snakemake --cores all harvard2024_mup_vs_ntk.  All targets: ./run snakemake --list-rules

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "rules/captions/report.rst"


include: "rules/common.smk"


wildcard_constraints:
    scale="smoke|laptop|workstation|paper",
    paper="[a-z0-9]+",
    experiment="[a-z0-9_]+",
    figure="[a-z0-9_]+",
    kind="train|join|solve",
    cell="[0-9a-f]{16}",
    prepared="[a-z0-9_]+(-[0-9a-f]{8})?",


# Too small for a cluster's job, as figures are (see their rules), or, for data, in need of the network, which a cluster's
# nodes may lack. Without a cluster this changes nothing.
localrules:
    all,
    prepare_data,
    table,
    paper_claims,
    claims,
    figures,
    provenance,
    tables,
    catalog,
    pages,
    report,
    manuscript,
    publish,
    cost,


include: "rules/data.smk"
include: "rules/cells.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


rule all:
    """Everything: figures, tables, claims, catalog and report."""
    default_target: True
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output,
        rules.catalog.output,
        rules.report.output,


check_rule_names()


onstart:
    look_only_when_a_job_ends()
    CURRENT.remember()  # for the processes that do the jobs
    tell_start()


onsuccess:
    progress.end()


onerror:
    progress.end()
