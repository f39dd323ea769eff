"""What there is to build: everything, or the figures asked for and only what they need."""

import shutil
from pathlib import Path

import pytest

from infwidth.errors import SpecError
from infwidth.experiments import papers
from infwidth.plan.cost import cost_table
from infwidth.plan.graph import code_hash, load_graph


def test_chosen_figures_bring_their_cells_and_nothing_else() -> None:
    everything = load_graph("smoke")
    one = load_graph("smoke", "karkada2024_gauges")
    assert [figure.rule for figure in one.figures] == ["karkada2024_gauges"]
    assert set(one.papers) == {"karkada2024"}
    assert set(one.cells) == set(one.cells_of_figure(one.figures[0]))
    assert set(one.cells) < set(everything.cells)
    assert set(one.left_out) == {figure.rule for figure in everything.figures} - {"karkada2024_gauges"}
    assert everything.left_out == ()


def test_a_figure_of_another_paper_s_table_brings_that_table_and_not_that_paper_s_figures() -> None:
    graph = load_graph("smoke", "harvard2024_logits")
    assert [figure.rule for figure in graph.figures] == ["harvard2024_logits"]
    assert graph.tables == [("vyas2023", "vision_online"), ("vyas2023", "language")]
    assert set(graph.cells) == set(graph.cells_of_figure(graph.figures[0]))
    everything = load_graph("smoke").papers["harvard2024"]
    assert ("vyas2023", "language") in everything.tables
    assert len(everything.tables) == len(set(everything.tables))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("vyas2032.language", r"figures.logits.tables: no paper 'vyas2032' \(did you mean 'vyas2023'\?\)"),
        ("vyas2023.languages", r"vyas2023 has no experiment 'languages' \(did you mean 'language'\?\)"),
        ("karkada2024.gauge_curves", None),
    ],
)
def test_a_table_that_there_is_not_is_named(
    table: str, says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(papers.PAPERS_DIR, tmp_path / "papers")
    file = tmp_path / "papers" / "harvard2024" / "experiments.yaml"
    text = file.read_text(encoding="utf-8")
    old = "tables: [vyas2023.vision_online, vyas2023.language]"
    assert old in text
    file.write_text(text.replace(old, f"tables: [{table}]", 1), encoding="utf-8")
    monkeypatch.setattr(papers, "PAPERS_DIR", tmp_path / "papers")
    if says is None:
        assert ("karkada2024", "gauge_curves") in load_graph("smoke").papers["harvard2024"].tables
    else:
        with pytest.raises(SpecError, match=says):
            load_graph("smoke")


def test_two_tables_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(papers.PAPERS_DIR, tmp_path / "papers")
    file = tmp_path / "papers" / "vyas2023" / "experiments.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  language:\n", "  width_sweep:\n", 1), encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("language]", "width_sweep]"), encoding="utf-8")
    other = tmp_path / "papers" / "harvard2024" / "experiments.yaml"
    other.write_text(
        other.read_text(encoding="utf-8").replace("vyas2023.language]", "vyas2023.width_sweep]"), encoding="utf-8"
    )
    monkeypatch.setattr(papers, "PAPERS_DIR", tmp_path / "papers")
    with pytest.raises(SpecError, match="two tables called width_sweep; rename one"):
        load_graph("smoke")


@pytest.mark.parametrize("scale", ["smoke", "laptop"])
def test_every_cell_is_in_one_job_of_its_kind(scale: str) -> None:
    graph = load_graph(scale)
    bundles = [(kind, bundle) for kind in ("train", "solve") for bundle in graph.bundles(kind)]
    cells = [cell for _, bundle in bundles for cell in bundle.cells]
    assert len(cells) == len(graph.cells)
    assert {cell.id for cell in cells} == set(graph.cells)
    assert all(cell.kind == kind for kind, bundle in bundles for cell in bundle.cells)
    assert len({bundle.name for _, bundle in bundles}) == len(bundles)
    if scale == "laptop":
        assert len(bundles) == len(cells)
    else:
        assert len(bundles) <= len(graph.tables)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(SpecError, match=r"no figure 'harvard2024_mup_ntk' \(did you mean 'harvard2024_mup_vs_ntk'\?\)"):
        load_graph("smoke", "karkada2024_gauges, harvard2024_mup_ntk")


def test_cost_counts_what_is_left_and_never_guesses() -> None:
    graph = load_graph("smoke", "harvard2024_mup_vs_ntk")
    cells = list(graph.cells)
    seconds = dict.fromkeys(cells, 60.0)
    (row,) = cost_table(graph, seconds, done=set(cells[:1])).to_dict("records")
    assert (row["cells"], row["done"], row["minutes_left"]) == (len(cells), 1, len(cells) - 1)
    del seconds[cells[1]]
    (row,) = cost_table(graph, seconds, done=set(cells[:1])).to_dict("records")
    assert row["cells_without_record"] == 1
    assert row["minutes_left"] is None
    assert row["minutes_total"] is None


def test_code_hash_follows_content() -> None:
    assert code_hash(["training", "errors.py"]) == code_hash(["training", "errors.py"])
    assert len({code_hash(["training"]), code_hash(["models"]), code_hash(["training", "models"])}) == 3
