"""Tables by their name or a figure's: the rows that are published, whichever folder one is in, or a clear word."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import infwidth
from infwidth.errors import DataError, SpecError
from infwidth.report.lookup import described, load
from infwidth.results.tables import read_table

ROOT = Path(__file__).parents[3]
LAPTOP = ROOT / "results" / "published" / "laptop"


def test_a_table_has_the_rows_of_its_file() -> None:
    rows = infwidth.load("vyas2023.language", twins=True)
    table = read_table(LAPTOP / "tables" / "vyas2023" / "language.parquet")
    assert set(rows["table"]) == {"vyas2023.language"}
    pd.testing.assert_frame_equal(rows[table.columns], table, check_exact=True)
    assert rows.attrs["published"] is True
    assert rows.attrs["scale"] == "laptop"


def test_a_figure_has_the_rows_of_all_its_tables() -> None:
    rows = load("karkada2024_representation_updates", twins=True)
    assert list(rows["table"].unique()) == ["karkada2024.one_step", "karkada2024.one_step_limit"]
    for name, part in rows.groupby("table"):
        table = read_table(LAPTOP / "tables" / Path(*name.split(".")).with_suffix(".parquet"))
        assert part["value"].tolist() == table["value"].tolist()
    assert list(rows.columns[:3]) == ["table", "width", "richness"]


def test_metrics_and_units_go_with_the_rows() -> None:
    rows = load("vyas2023_fig5")
    assert rows.attrs["metrics"].keys() == set(rows["metric"])
    assert rows.attrs["metrics"]["test_loss"] == {"what": "loss on the test set", "unit": "loss"}
    for part in (rows.query("metric == 'test_loss' and of == 'net'"), rows.copy(), rows[["metric", "value"]].head()):
        assert part.attrs["metrics"] == rows.attrs["metrics"]


def test_it_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(load("mei2018_radial")) > 0
    shutil.copytree(LAPTOP, tmp_path / "results" / "published" / "laptop")
    (tmp_path / "deep" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "below")
    (file, *_) = load("mei2018_radial").attrs["files"]
    assert Path(file).is_relative_to(tmp_path)
    assert load("mei2018_radial", root=ROOT).attrs["files"][0].startswith(str(ROOT))


def test_own_tables_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"radial|reduced\.parquet is not there: \./run snakemake .* mei2018.reduced makes"
    ):
        load("mei2018.reduced", own=True, root=tmp_path)
    target = tmp_path / "results" / "laptop" / "tables" / "mei2018"
    target.mkdir(parents=True)
    shutil.copy(LAPTOP / "tables" / "mei2018" / "reduced.parquet", target)
    rows = load("mei2018.reduced", own=True, root=tmp_path)
    assert rows["value"].tolist() == load("mei2018.reduced")["value"].tolist()
    assert rows.attrs["published"] is False


def test_a_table_that_is_not_what_was_published_is_refused(tmp_path: Path) -> None:
    shutil.copytree(LAPTOP, tmp_path / "results" / "published" / "laptop")
    tables = tmp_path / "results" / "published" / "laptop" / "tables" / "mei2018"
    shutil.copy(tables / "reduced.parquet", tables / "particles.parquet")
    with pytest.raises(DataError, match=r"particles\.parquet is not what was published"):
        load("mei2018.particles", root=tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vyas2023.langage", r"no figure and no table 'vyas2023\.langage' \(did you mean 'vyas2023\.language'\?\)"),
        ("vyas2023_fig", r"no figure and no table 'vyas2023_fig' \(did you mean 'vyas2023_fig"),
        ("yang2022_translation", r"no figure and no table 'yang2022_translation'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        load(name)
    with pytest.raises(SpecError, match="scale"):
        load("vyas2023.language", scale="lapdog")


def test_a_description_names_axes_and_metrics() -> None:
    text = described(load("vyas2023_fig5"))
    assert "vyas2023.full_batch\n  width: 32, 64, 128, 256\n" in text
    assert "sharpness" in text
    assert "seeds: 4, steps: 0 to 500" in text
