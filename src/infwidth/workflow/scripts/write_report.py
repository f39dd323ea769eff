"""Write Snakemake's self-contained report of this scale (rule report)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from infwidth.files import write_text
from infwidth.workflow.job import job

snakemake = globals()["snakemake"]
with job(snakemake.log[0]), Path(snakemake.log[0]).open("a") as log:
    output = Path(snakemake.output[0])
    part = output.with_name(".report.part.html")
    # With metadata the report opens at its description; without, at the graph of all rules. Numbers only: Snakemake
    # shows a text with all that docutils made on the way.
    metadata = output.with_name(".report.metadata.json")
    verdicts = pd.read_csv(snakemake.input.claims)["verdict"].value_counts()
    told = snakemake.params.counts | {f"claims {verdict}": n for verdict, n in verdicts.items() if verdict != "not run"}
    write_text(metadata, json.dumps(told))
    # The workflow that runs this job holds the lock and has already built what the report shows. Arguments are a
    # list: no value of the configuration ever passes through a shell.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--nolock", "--quiet", "--snakefile", snakemake.params.snakefile),
            *("--report", str(part), "--report-metadata", str(metadata)),
            *("--config", *(f"{k}={v}" for k, v in snakemake.params.config.items())),
            *("--", "figures", "tables", "claims", "catalog", "pages"),
        ],
        stdout=log,
        stderr=log,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    metadata.unlink()
    if done.returncode == 0:
        part.replace(output)
sys.exit(done.returncode)
