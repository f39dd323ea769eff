"""The profile for Slurm: read as Snakemake reads it and, where Slurm is installed, run on a cluster of this machine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from infwidth.plan.graph import load_graph

from .conftest import ROOT, clone, environment, snakemake
from .slurm import cluster, variables, why_not

pytestmark = pytest.mark.workflow

#: Limits alone; trainings; both, of which one needs the other's net.
FIGURES = "yang2021slides_degeneracy,harvard2024_mup_vs_ntk,harvard2024_dmft_kernels"
#: Claims and report of some figures lie beside those of all.
FOLDER = Path("results") / load_graph("smoke", FIGURES).folder


def test_the_profile_adds_slurm_to_the_default_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _, options = parse_args(["--profile", "profiles/slurm"])
    assert options.executor == "slurm"
    assert options.slurm_pass_command_as_script
    assert options.set_resource_scopes == {"gpu": "local", "at_once": "local"}
    assert options.default_resources is None
    assert options.scheduler == "greedy"
    assert options.rerun_incomplete
    assert options.keep_going
    assert options.show_failed_logs


@pytest.mark.parametrize("scale", ["smoke", "workstation"])
def test_each_job_of_a_cluster_says_what_it_needs_and_all_others_stay_here(
    scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(),
            config_settings=ConfigSettings(config={"scale": scale, "device": "cuda"}),
            snakefile=ROOT / "Snakefile",
        )._workflow
        local = workflow._localrules
        assert {rule.name for rule in workflow.rules} - {"cell"} <= local
        rule = workflow.get_rule("cell")
        assert "cell" not in local
        graph, jobs = load_graph(scale), set()
        for cell in graph.cells.values():
            wildcards = {"kind": cell.kind, "cell": cell.id}
            first, second = (rule.expand_resources(wildcards, [], attempt) for attempt in (1, 2))
            assert first.mem_mb >= 1000
            assert first.runtime >= 2
            assert (second.mem_mb, second.runtime) == (2 * first.mem_mb, 2 * first.runtime)
            assert first.gpu == (1 if cell.kind == "train" else 0)
            jobs.add(rule.expand_group(wildcards))
        assert len(jobs) < (4 if scale == "smoke" else len(graph.cells))


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if reason := why_not():
        pytest.skip(reason)
    for name, value in variables(tmp_path / "slurm").items():
        monkeypatch.setenv(name, value)
    with cluster(tmp_path / "slurm"):
        yield


def _on_slurm(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As the documentation says, with no more than a cluster without accounts and a hurry to see jobs end."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *arguments),
            *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "3"),
            *("--slurm-keep-successful-logs",),
            *("--config", "scale=smoke", "device=cpu", f"figures={FIGURES}"),
            *("unrecorded_minutes=10", "unrecorded_memory_mb=1500"),
        ],
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )


def test_on_slurm_the_tables_are_those_of_a_local_run(slurm: None, tmp_path: Path) -> None:
    on_slurm = clone(tmp_path / "un dépôt")
    done = _on_slurm(on_slurm)
    assert done.returncode == 0, done.stdout
    here = clone(tmp_path / "here")
    done = snakemake(here, "tables", "claims", figures=FIGURES)
    assert done.returncode == 0, done.stdout
    tables = sorted(path.relative_to(here) for path in (here / "results" / "smoke").glob("tables/*/*.parquet"))
    assert len(tables) == 5
    for table in [*tables, FOLDER / "claims.csv"]:
        assert (on_slurm / table).read_bytes() == (here / table).read_bytes(), table
    assert (on_slurm / FOLDER / "report.html").exists()
