"""A setting changed for one run reaches every job, and its results replace nobody's."""

from pathlib import Path

import pytest

import infwidth
from infwidth.plan.graph import load_graph

from .conftest import clone, snakemake

pytestmark = pytest.mark.workflow

SETTINGS = {"mei2018.particles.solve.width": [20, 40], "mei2018.particles.solve.n_seeds": 4}
GIVEN = "mei2018.particles.sweep.solve.width=[20, 40]; mei2018.particles.solve.n_seeds=4"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("settings"))


def test_cells_tables_figures_and_claims_are_made_in_a_folder_of_their_own(project: Path) -> None:
    done = snakemake(project, "mei2018_radial", "claims", "pages", figures="mei2018_radial", set=GIVEN)
    assert done.returncode == 0, done.stdout
    (folder,) = (project / "results").glob("smoke*")
    assert folder.name.startswith("smoke_set_")
    assert (folder / "figures" / "mei2018" / "radial.png").exists()
    assert (folder / "only" / "mei2018_radial" / "claims.csv").exists()
    page = (folder / "only" / "mei2018_radial" / "pages" / "index.html").read_text()
    assert "<code>mei2018.particles.solve.n_seeds=4</code>" in page
    rows = infwidth.load("mei2018.particles", scale=folder.name, own=True, root=project)
    assert set(rows["width"].dropna()) == {20, 40}
    assert set(rows["cell"]) == {
        cell.id for cell in load_graph("smoke", settings=SETTINGS).cells_of("mei2018", "particles")
    }


def test_the_same_command_again_has_nothing_to_do(project: Path) -> None:
    done = snakemake(project, "mei2018_radial", "claims", "pages", figures="mei2018_radial", set=GIVEN)
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in done.stdout


def test_what_is_published_has_the_papers_own_settings(project: Path) -> None:
    done = snakemake(project, "--dry-run", "figures", tables="published", set=GIVEN)
    assert done.returncode != 0
    assert "published tables have the papers' own settings" in done.stdout
