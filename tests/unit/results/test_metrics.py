"""Every metric of a table is defined in one place."""

import re
from pathlib import Path

from infwidth.results.metrics import METRICS
from infwidth.results.tables import read_table

ROOT = Path(__file__).parents[3]


def test_every_published_metric_is_defined() -> None:
    published = {metric for path in ROOT.glob("results/published/*/tables/*/*") for metric in read_table(path).metric}
    assert published - set(METRICS) == set()


def test_every_defined_metric_is_measured_somewhere() -> None:
    """By the code that makes rows; some names are put together from parts, such as grid_ and s."""
    rooms = [ROOT / "src" / "infwidth" / room for room in ("training", "solve", "papers", "limits")]
    code = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    words = set(re.findall(r"[a-z_]+", code))
    for metric in METRICS:
        parts = metric.split("_")
        pairs = [("_".join(parts[:i]), "_".join(parts[i:])) for i in range(1, len(parts))]
        put_together = any((f"{a}_" in words and b in words) or (a in words and f"_{b}" in words) for a, b in pairs)
        assert metric in words or put_together, f"nothing measures {metric}"


def test_definitions_are_one_line_each_and_say_more_than_the_name() -> None:
    for name, metric in METRICS.items():
        assert "\n" not in metric.what
        assert len(metric.what) > len(name) or name == "c"
