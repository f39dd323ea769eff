"""Papers and configurations with anything in them: taken, or refused by a SpecError that says where; nothing else."""

import copy
import datetime
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builders import graph
from infwidth import papers, plan
from infwidth.errors import SpecError
from infwidth.experiments.cells import read_cell
from infwidth.experiments.papers import load_paper
from infwidth.experiments.scales import SCALES
from infwidth.plan.graph import load_graph
from infwidth.specs.block import read
from infwidth.specs.config import Config

PAPERS = {file.parent.name: file.read_text(encoding="utf-8") for file in papers.PAPERS_DIR.glob("*/experiments.yaml")}
# By way of JSON, so that no two places share one value, as YAML's aliases do.
RAW: dict[str, dict] = {
    name: json.loads(json.dumps(yaml.load(text, yaml.CSafeLoader))) for name, text in PAPERS.items()
}

#: What nobody means, of every kind that YAML can say.
NONSENSE: list[Any] = [
    *(None, True, -1, 0, 1, 10**30, 10**12, -(10**30), 0.5, 1e308, math.nan, math.inf, -math.inf),
    *("", " ", "x", "1/4", "1/0", "Ωμέγα", "a\nb", "\x07", "../..", "a b", "$(x)"),
    *([], {}, [[]], [None], [math.nan], [[1, [2]]], {"a": {"b": []}}, {1: 2}, {None: 1}, {"name": "x"}),
    *(datetime.date(2021, 1, 1), b"bytes", {"smoke": 1}, dict.fromkeys(SCALES, math.nan)),
]
anything = st.one_of(
    st.sampled_from(NONSENSE),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
)
KEYS: list[Any] = ["", "x", "Ω", "sourcee", "smoke", "a.b", "../up", "a b", 1, None, True, 1.5]
TRIES = settings(
    max_examples=200,
    deadline=5000,  # milliseconds; the whole of a paper takes 50
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def _places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of everything in a document but the document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        yield from _places(item, (*path, key))


PLACES = {name: list(_places(raw)) for name, raw in RAW.items()}


@dataclass(frozen=True)
class Change:
    """One change of a paper's file, small enough to be read when a test fails."""

    paper: str
    path: tuple
    what: str  # replace, delete, rename or add
    key: Any
    value: Any

    def document(self) -> dict:
        """Return the paper's document with this change."""
        return self.of(copy.deepcopy(RAW[self.paper]))

    def of(self, document: dict) -> dict:
        """Return a document with this change."""
        parent: Any = document
        for key in self.path[:-1]:
            parent = parent[key]
        if self.what == "replace" or (self.what != "delete" and isinstance(parent, list)):
            parent[self.path[-1]] = self.value
        elif self.what == "add":
            parent[self.key] = self.value
        else:
            value = parent.pop(self.path[-1])
            if self.what == "rename":
                parent[self.key] = value
        return document

    def text(self) -> bytes:
        """Return the content of the paper's file with this change."""
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        return yaml.dump(self.document(), Dumper=dumper, allow_unicode=True).encode()


changes = st.sampled_from(sorted(RAW)).flatmap(
    lambda name: st.builds(
        Change,
        st.just(name),
        st.sampled_from(PLACES[name]),
        st.sampled_from(["replace", "replace", "replace", "delete", "rename", "add"]),
        st.sampled_from(KEYS) | st.text(max_size=5),
        anything,
    )
)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    """Return what writes the file of a paper; all papers are read from a folder of the test's."""
    graph("smoke")  # kept as the papers are, before any is changed
    for name, text in PAPERS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "experiments.yaml").write_text(text, encoding="utf-8")
        if (papers.PAPERS_DIR / name / "solve.py").exists():
            (tmp_path / name / "solve.py").touch()  # there are computations of its own
    monkeypatch.setattr(papers, "PAPERS_DIR", tmp_path)
    return lambda name, content: _write(tmp_path / name / "experiments.yaml", content)


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _refusal(load: Callable[[], object]) -> str:
    """Return the message of the SpecError that ``load`` raises; empty if it raises nothing."""
    try:
        load()
    except SpecError as error:
        return str(error)
    return ""


@contextmanager
def _read_anew(*names: str) -> Iterator[None]:
    """Read only these papers for a graph of the smoke scale; the others are as they were read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            plan.graph,
            "load_paper",
            lambda name, *given: load_paper(name, *given) if name in names else graph("smoke").papers[name],
        )
        yield


@TRIES
@given(changes, st.sampled_from(SCALES))
def test_a_changed_paper_is_taken_or_refused_by_place(
    written: Callable[[str, bytes], None], change: Change, scale: str
) -> None:
    name, path = change.paper, change.path
    written(name, change.text())
    message = _refusal(lambda: load_paper(name, scale))
    written(name, PAPERS[name].encode())
    if message:
        assert f"{name}/experiments.yaml" in message
        assert f"at scale {scale}" in message
        # The changed key or what holds it; a value that only some scales have is named by what it is a value of.
        near = [str(part) for part in path[-3:] if part not in SCALES]
        assert not near or any(part in message for part in near) or len(path) < 3, (path, message)
        if len(path) > 2 and path[0] == "experiments":
            assert path[1] in message


@settings(TRIES, max_examples=25)
@given(changes)
def test_a_changed_paper_makes_a_graph_or_is_refused(written: Callable[[str, bytes], None], change: Change) -> None:
    name = change.paper
    written(name, change.text())
    with _read_anew(name):
        message = _refusal(lambda: load_graph("smoke"))
    written(name, PAPERS[name].encode())
    assert not message or "experiments.yaml" in message


@settings(TRIES, max_examples=150)
@given(st.data())
def test_damaged_text_is_taken_or_refused(written: Callable[[str, bytes], None], data: st.DataObject) -> None:
    content = PAPERS["yang2021slides"].encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.sampled_from([start, start + 1, start + 10, len(content)]))
    put = data.draw(st.binary(max_size=4) | st.sampled_from([b"\xff", b"\t", b"*a", b"&a [*a]", b"{", b"2021-99-99"]))
    written("yang2021slides", content[:start] + put + content[end:])
    message = _refusal(lambda: load_paper("yang2021slides", "smoke"))
    assert not message or "yang2021slides/experiments.yaml" in message


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("lr: .nan", r"experiments\.linear_limit\.solve\.lr: nan"),
        ("lr: .inf", r"experiments\.linear_limit\.solve\.lr: inf"),
        ("lr: 2021-01-01", r"experiments\.linear_limit\.solve\.lr: .*date"),
        ("lr: 2021-99-99", "not valid YAML"),
        ("1: 0.1", r"experiments\.linear_limit\.solve: the key 1 is not text"),
        ("lr: &a [*a]", "nested"),
        ("lr: " + "[" * 3000 + "]" * 3000, "nested"),
        ("lr: " + "9" * 5000, "not valid YAML"),
        ("lr: !!binary AAAA", r"solve\.lr: .*bytes"),
        ("lr: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_what_yaml_can_say_and_json_cannot_is_refused(
    written: Callable[[str, bytes], None], new: str, says: str
) -> None:
    text = PAPERS["yang2021slides"]
    assert "      lr: 0.1\n" in text
    written("yang2021slides", text.replace("lr: 0.1\n", f"{new}\n", 1).encode())
    with pytest.raises(SpecError, match=says) as error:
        load_paper("yang2021slides", "smoke")
    assert "yang2021slides/experiments.yaml" in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("paper", "old", "new", "says"),
    [
        ("harvard2024", "model.width:", "seeds.x:", r"sweep\.seeds\.x: no such block"),
        ("harvard2024", "model.width:", "probes.x:", r"sweep\.probes\.x: no such block"),
        ("yang2021slides", "  depths:\n", "  ../depths:\n", "experiments"),
        ("yang2021slides", "  table_abc:\n", "  ../table:\n", "figures"),
        ("yang2021slides", "  table_abc:\n", "  table abc:\n", "figures"),
        ("harvard2024", "seeds: ", "seeds: 1000000000000 # ", "seeds"),
    ],
)
def test_a_name_or_number_that_the_workflow_cannot_bear_is_refused(
    written: Callable[[str, bytes], None], paper: str, old: str, new: str, says: str
) -> None:
    assert old in PAPERS[paper]
    written(paper, PAPERS[paper].replace(old, new, 1).encode())
    with pytest.raises(SpecError, match=says):
        load_paper(paper, "smoke")


@cache
def documents() -> list[dict[str, Any]]:
    """Return the document of one cell of each experiment."""
    return [cells[0].document for name in sorted(RAW) for cells in graph("smoke").papers[name].cells.values()]


@settings(TRIES, max_examples=300)
@given(st.data())
def test_a_cell_by_hand_is_taken_or_refused_line_by_line(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(documents())))
    path = data.draw(st.sampled_from(list(_places(document))))
    change = Change("", path, data.draw(st.sampled_from(["replace", "delete", "rename"])), "x", data.draw(anything))
    message = _refusal(lambda: read_cell(change.of(document), where="spec.json"))
    for line in message.splitlines():
        assert line.startswith("spec.json: ")
        assert len(line) < 2000
    if message and len(path) > 1:
        near = [str(part) for part in path]
        assert any(part in message for part in near), (path, message)


GOOD = {
    "scale": "laptop",
    "data_dir": "data",
    "tables": "results",
    "figures": "all",
    "device": "auto",
    "unrecorded_minutes": 480,
    "unrecorded_memory_mb": 16000,
}


@settings(TRIES, max_examples=150)
@given(st.dictionaries(st.sampled_from([*GOOD, "figure", "Ω"]), anything, max_size=2), st.sampled_from([None, *GOOD]))
def test_any_config_is_taken_or_refused_by_key(changes: dict[str, Any], without: str | None) -> None:
    config = {key: value for key, value in {**GOOD, **changes}.items() if key != without}
    message = _refusal(lambda: read(Config, config, where="config"))
    missing = without is not None and without not in config
    assert not missing or f"'{without}'" in message
    assert not message or message.startswith("config: ")
    for key, value in changes.items():
        meant = int | float if isinstance(GOOD.get(key), int) else str
        if not isinstance(value, meant) and key != without:
            assert key in message


@settings(TRIES, max_examples=20)
@given(st.text(max_size=30) | st.sampled_from(["all,all", ",", "harvard2024_logits,", "../x", "; touch x", "$(x)"]))
def test_any_choice_of_figures_is_taken_or_refused(figures: str) -> None:
    with _read_anew():
        message = _refusal(lambda: load_graph("smoke", figures))
    assert figures == "all" or message.startswith("config: figures: no figure '")
