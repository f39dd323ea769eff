"""The ledger: a claim of a figure that was not run is in it, and is called nothing worse."""

from pathlib import Path

import pandas as pd

from infwidth.report.ledger import judge

ROOT = Path(__file__).parents[3]
TABLES = ROOT / "results" / "published" / "laptop" / "tables" / "vyas2023"


def test_what_was_not_run_is_not_run(tmp_path: Path) -> None:
    judge("vyas2023", {("vyas2023", "full_batch"): TABLES / "full_batch.parquet"}, tmp_path / "some.csv", ["fig5"])
    some = pd.read_csv(tmp_path / "some.csv")
    others = some[some.figure != "fig5"]
    assert set(others.verdict) == {"not run"}
    assert others.measured.isna().all()
    assert (others.n == 0).all()
    assert not {"not run", "not testable at this scale"} & set(some.verdict[some.figure == "fig5"])

    judge("vyas2023", {("vyas2023", path.stem): path for path in TABLES.glob("*.parquet")}, tmp_path / "all.csv")
    everything = pd.read_csv(tmp_path / "all.csv")
    assert everything.claim.tolist() == some.claim.tolist()
    assert "not run" not in set(everything.verdict)
    pd.testing.assert_frame_equal(everything[everything.figure == "fig5"], some[some.figure == "fig5"])
