"""The dress rehearsal of the paper scale: official archives in small, every cell a few steps, figures and claims."""

from pathlib import Path

import pandas as pd
import pytest

import fake_archives
from infwidth.experiments.rehearsal import rehearsed
from infwidth.plan.graph import load_graph

from .conftest import clone, snakemake

pytestmark = pytest.mark.workflow

#: Figures that together need every data set of the paper scale but text8 and Omniglot, whose fakes take longest.
FIGURES = ("vyas2023_fig7", "vyas2023_fig9", "karkada2024_conv_mixer", "harvard2024_dmft_kernels", "mei2018_radial")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = clone(tmp_path_factory.mktemp("rehearsal"))
    for name, make in fake_archives.REHEARSAL.items():
        fake_archives.write(name, project / "fakes", make())
    return project


def run(project: Path, *arguments: str, **config: str) -> str:
    done = snakemake(project, *arguments, scale="paper", rehearsal="true", data_dir="fakes", **config)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_experiment_of_the_paper_scale_is_planned(project: Path) -> None:
    said = run(project, "--dry-run", "figures", "claims")
    assert said.count("rule cell:") + said.count("Job ") > 250
    rehearsal, paper = load_graph("paper_rehearsal"), load_graph("paper")
    assert rehearsal.tables == paper.tables
    for table in paper.tables:  # narrow nets of two tables may be the same
        assert len(rehearsal.cells_of(*table)) == len(paper.cells_of(*table)), table


def test_data_are_prepared_nets_trained_figures_drawn_and_claims_judged(project: Path) -> None:
    run(project, "claims", *FIGURES, figures=",".join(FIGURES))
    for rule in FIGURES:
        paper, _, figure = rule.partition("_")
        assert list((project / "results" / "paper_rehearsal" / "figures" / paper).glob(f"{figure}.png")), rule
    assert len(pd.read_csv(next((project / "results" / "paper_rehearsal").glob("**/claims.csv")))) > 0
    prepared = {path.parent.name for path in (project / "results" / "data").glob("*/record.json")}
    assert {"imagenet", "cifar5m", "cifar10"} <= prepared
    done = {path.stem for path in (project / "results" / "cells").glob("*/*.parquet")}
    joined = load_graph("paper_rehearsal").cells_of("vyas2023", "second_vision")
    assert all({cell.id, *(member.id for member in cell.members)} <= done for cell in joined)
    assert all(len(cell.members) == 2 for cell in joined)
    assert done <= {rehearsed(cell).id for cell in load_graph("paper").cells.values()}


def test_a_rehearsal_is_not_published(project: Path) -> None:
    done = snakemake(project, "publish", scale="paper", rehearsal="true", data_dir="fakes", figures="mei2018_radial")
    assert done.returncode != 0
    assert "the numbers of a rehearsal mean nothing" in done.stdout + "".join(
        log.read_text() for log in (project / "results" / "logs").glob("publish*")
    )
