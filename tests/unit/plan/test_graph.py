"""What there is to build: everything, or the figures asked for and only what they need."""

import shutil
from pathlib import Path

import pytest

from infwidth import papers
from infwidth.errors import SpecError
from infwidth.plan.cost import cost_table
from infwidth.plan.data_facts import check_images
from infwidth.plan.graph import load_graph
from infwidth.specs.cells import Train
from infwidth.specs.data import OfImageNet


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


def test_a_paper_stands_for_all_its_figures() -> None:
    whole = load_graph("smoke", "harvard2024, mei2018_radial")
    assert {figure.paper for figure in whole.figures} == {"harvard2024", "mei2018"}
    assert len(whole.figures) == len(load_graph("smoke").papers["harvard2024"].figures) + 1


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(SpecError, match=r"no figure 'harvard2024_mup_ntk' \(did you mean 'harvard2024_mup_vs_ntk'\?\)"):
        load_graph("smoke", "karkada2024_gauges, harvard2024_mup_ntk")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("image_size", 7, r"image_size is 7, which images of 'cifar10' \(32×32\) cannot be averaged to; .* 8, 16"),
        ("classes", [0, 10], "classes has 10; the classes of 'cifar10' are 0 to 9"),
        ("test_size", 10_001, "test_size is 10001; 'cifar10' has 10000 test images"),
    ],
)
def test_what_known_images_do_not_have_is_refused_before_anything_runs(key: str, value: object, says: str) -> None:
    settings = {f"bordelon2022.cnn_networks.data.{key}": value}
    with pytest.raises(SpecError, match=rf"bordelon2022/experiments.yaml: experiments.cnn_networks: data.{says}"):
        load_graph("workstation", "bordelon2022_fig4", settings)


def test_sides_are_held_against_those_that_a_preparation_asks_for() -> None:
    cell = load_graph("paper", "vyas2023_fig7").cells_of("vyas2023", "second_vision")[0]
    assert (cell.document["data"]["name"], cell.document["data"]["image_size"]) == ("imagenet", 64)
    check_images(cell.spec)

    def prepared(side: int) -> Train:
        data = cell.spec.data.model_copy(update={"options": OfImageNet(image_size=side)})
        return cell.spec.model_copy(update={"data": data})

    check_images(prepared(128))
    with pytest.raises(SpecError, match=r"'imagenet' \(32×32\) cannot be averaged to"):
        check_images(prepared(32))


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
