"""What holds for the claims of every paper: they are judged on the published tables, and can fail on others."""

import re
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis import joint_scaling, lr_optimum, statistics
from infwidth.analysis.claims import Claim, ledger
from infwidth.analysis.table import PERTURBATION, Table
from infwidth.experiments.papers import load_paper, paper_names
from infwidth.experiments.twins import is_twin
from infwidth.papers import paper_module
from infwidth.report.ledger import read_ledger
from infwidth.results.tables import read_table

PUBLISHED = Path(__file__).parents[3] / "results" / "published"
PAPERS = paper_names()

#: What a slope is in, and what tells nets of one width apart.
_SIZES = ("mlp_ratio", "n_heads", "batch_factor", "context", "steps_factor")
_AXES, _KINDS = (
    ("width", "gamma0", "dimension", "n_blocks", "alpha", "gamma", *_SIZES),
    ("rule", "richness", "decoupled"),
)


def _reversed(values: pd.Series) -> pd.Series:
    known = sorted(values.dropna().unique())
    return values.map(dict(zip(known, reversed(known), strict=True)))


def _rank(values: pd.Series) -> pd.Series:
    known = sorted(values.dropna().unique())
    return values.map({value: place for place, value in enumerate(known)}).fillna(len(known) - 1).astype(int)


def _axis(frame: pd.DataFrame) -> pd.Series:
    return frame[next((name for name in _AXES if name in frame), "seed")]


def _growing(frame: pd.DataFrame) -> pd.DataFrame:
    """Make all grow with the width, and the more so the later."""
    return frame.assign(value=frame.value * _axis(frame).fillna(1).abs() ** (1.0 + frame.step.clip(upper=2)))


def _optimum_rises(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every curve over learning rates (or momenta) a parabola, and its minimum go up with the width.

    Of rates the height of the minimum does so too; all losses stay below those of nets that say nothing.
    """
    rank = _rank(_axis(frame))
    if "momentum" in frame:
        place = -np.log2(1 - frame.momentum) - 2 - (rank - 1.5) / 2
        return frame.assign(value=1 + place**2)
    rates = np.log2(frame.lr)
    place = rates - rates.median() - (rank - 1)
    return frame[frame.metric != "diverged"].assign(value=1e-3 * (1 + place**2) * 1.5**rank)


def _optimum_creeps(frame: pd.DataFrame, direction: int) -> pd.DataFrame:
    """Make the best rate move by half an octave a doubling of all sizes that vary, within narrow grids, too."""
    sizes = [name for name in _AXES if name in frame and frame[name].nunique() > 1]
    if frame.lr.nunique() < 2 or not sizes:
        return frame
    rank = pd.concat([_rank(frame[name]) for name in sizes], axis=1).sum(axis=1)
    rates = np.log2(frame.lr)
    place = rates - (rates.min() + rates.max()) / 2 - direction * (rank - rank.max() / 2) / 2
    return frame[frame.metric != "diverged"].assign(value=1e-3 * (1 + place**2))


def _drawn(low: float, high: float, frame: pd.DataFrame) -> np.ndarray:
    """Return as many numbers as there are rows, whatever was spoiled before."""
    return np.random.default_rng(0).uniform(low, high, len(frame))


def _apart(frame: pd.DataFrame) -> pd.DataFrame:
    """Make nets differ the more, the wider they are, from all others and from the widest."""
    rank = _rank(_axis(frame))
    chance = np.where(rank == rank.max(), 0.0, 0.01 * 4.0**rank) * _drawn(0.5, 1, frame)
    return frame.assign(value=np.where(frame.metric == "bin_centre", frame.value, 1 + frame["index"] % 3 + chance))


def _settings_move(frame: pd.DataFrame) -> pd.DataFrame:
    """Make the best multiplier and scale rise with the width or depth, and the widest net's best schedule another."""
    rank, columns = _rank(_axis(frame)), frame.set_index("index")
    known = {name: columns[columns.metric == name].value.groupby(level=0).first() for name in _SETTINGS}
    steps: pd.Series = pd.concat([np.log2(known[name]) for name in _SETTINGS[:-1]] + [known["schedule"] * 0.0])
    place = frame["index"].map(steps.groupby(level=0).first()).fillna(0.0)
    losses = 1.0 + (place - 0.6 * (rank - 1)) ** 2
    other = frame["index"].isin(known["schedule"].index) & (frame["index"] > 0)
    losses = losses.where(~other, np.where(rank == rank.max(), 0.2, 5.0))
    return frame.assign(value=np.where(frame.metric == "running_loss", losses, frame.value))


def _multiplier_moves(frame: pd.DataFrame) -> pd.DataFrame:
    """Make the best output multiplier rise by 0.6 octaves a doubling of the width, within the grid."""
    known = frame[frame.metric == "output_multiplier"].groupby("index").value.first()
    if known.nunique() < 2:
        return frame
    rank, octaves = _rank(_axis(frame)), np.log2(known)
    place = frame["index"].map(octaves - (octaves.min() + octaves.max()) / 2) - 0.6 * (rank - rank.max() / 2)
    return frame.assign(value=np.where(frame.metric == "running_loss", 1 + 0.1 * place**2, frame.value))


def _others(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Give nets that differ in something within one stack, where it is a row of this metric, that of others."""
    reversed_ = _reversed(frame.value.where(frame.metric == metric))
    return frame.assign(value=reversed_.fillna(frame.value))


def _small_starts_worse(frame: pd.DataFrame) -> pd.DataFrame:
    """Let nets whose scale of the start is a row of its own be the worse, the smaller it is."""
    scale = frame[frame.metric == "start_scale"].groupby("index").value.first()
    if scale.empty:
        return frame
    factor = frame["index"].map((scale / 0.005) ** -0.9).fillna(1.0)
    return frame.assign(value=frame.value.where(frame.metric == "start_scale", frame.value * factor))


def _risk_of_size(frame: pd.DataFrame) -> pd.DataFrame:
    """Let errors of nets whose scale of the start is a row of its own grow with that and with the examples."""
    scale = frame[frame.metric == "start_scale"].groupby("index").value.first()
    if scale.empty:
        return frame
    risk = 0.025 * frame["index"].map(scale / 0.01).fillna(1.0) * (frame.step.clip(lower=1) / 75) ** 2
    return frame.assign(value=frame.value.where(frame.metric == "start_scale", risk))


def _layers_reversed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give depths and widths that are written as layers the rows of one another."""
    known = sorted({layer for layer in frame.layer.unique() if layer.isdigit()}, key=int)
    return frame.assign(layer=frame.layer.replace(dict(zip(known, reversed(known), strict=True))))


def _swept(frame: pd.DataFrame) -> list[str]:
    """Return the axes that are numbers."""
    axes = frame.columns[: frame.columns.get_loc("cell")]
    return [name for name in axes if pd.api.types.is_numeric_dtype(frame[name])]


#: What the sweeps of transformers change besides the rate.
_SETTINGS = ("output_multiplier", "attention_multiplier", "init_scale", "schedule")

#: Tables that say something else than what was measured. Some of them must break a claim, whatever it is on. Those come
#: first that break the most in the least time.
SPOILS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "growing": _growing,
    "all the same": lambda frame: frame.assign(value=np.where(frame.metric == "bin_centre", frame.value, 2.0)),
    "narrow for wide": lambda frame: frame.assign(**{name: _reversed(frame[name]) for name in _AXES if name in frame}),
    "anything": lambda frame: frame.assign(value=_drawn(0.1, 9, frame)),
    "negative": lambda frame: frame.assign(value=-frame.value),
    "the optimum rises": _optimum_rises,
    "wide nets apart": _apart,
    "limits are not their nets'": lambda frame: frame.assign(value=frame.value + 9.0 * (frame.of == "net")),
    "every table moved by its size": lambda frame: frame.assign(value=frame.value + len(frame)),
    "the optimum creeps up": partial(_optimum_creeps, direction=1),
    "metrics apart": lambda frame: frame.assign(value=frame.value * (1.0 + _rank(frame.metric))),
    "all grows with the index": lambda frame: frame.assign(
        value=frame.value * frame["index"].abs().clip(lower=1.0) ** 2
    ),
    "settings move": _settings_move,
    "lazy for rich": lambda frame: _others(frame, "richness"),
    "layers grow apart": lambda frame: frame.assign(value=frame.value * _axis(frame).abs() ** _rank(frame.layer)),
    "all but losses growing": lambda frame: _growing(frame).where(~frame.metric.str.contains("loss"), frame),
    "spectra are of their width": lambda frame: frame.assign(
        value=np.where(frame.metric == "ntk_eigenvalue", frame.value.abs() ** (1.0 + _rank(_axis(frame))), frame.value)
    ),
    "one rule larger": lambda frame: (
        frame.assign(value=frame.value * np.where((frame.of == "net") & (frame.rule == "mup"), 1e3, 1.0))
        if "rule" in frame
        else frame
    ),
    "all grows with all that is swept": lambda frame: frame.assign(
        value=frame.value * frame[_swept(frame)].fillna(1).abs().prod(axis=1) ** 2
    ),
    "the optimum creeps down": partial(_optimum_creeps, direction=-1),
    "the best output multiplier moves": _multiplier_moves,
    "large starts for small": lambda frame: _others(frame, "start_scale"),
    "one size for another": _layers_reversed,
    "small starts are worse": _small_starts_worse,
    "more examples are worse": _risk_of_size,
    "rates are of their table": lambda frame: frame.assign(lr=frame.lr * len(frame) ** 2.0),
    "ensembles are worse": lambda frame: frame.assign(value=frame.value * np.where(frame.of == "ensemble", 3.0, 1.0)),
    "gauges matter": lambda frame: (
        frame.assign(value=1.0 + _rank(frame.richness) + 9.0 * _rank(frame.gauge))
        if {"gauge", "richness"} <= set(frame)
        else frame
    ),
    "one rule for another": lambda frame: frame.assign(
        **{name: _reversed(frame[name]) for name in _KINDS if name in frame}
    ),
}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spoiled table breaks a claim by far or not at all: a twentieth of the resamples tells."""
    for module in (statistics, lr_optimum):
        monkeypatch.setattr(module, "RESAMPLES", 100)
    monkeypatch.setattr(joint_scaling, "_RESAMPLES", 20)


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """Return the published tables as the ledger names them, by paper and experiment."""
    paths = sorted(PUBLISHED.glob("laptop/tables/*/*"))
    return {f"{path.parent.name}.{path.stem}": read_table(path) for path in paths}


@pytest.fixture(scope="module")
def published_figures() -> set[str]:
    """Return the figures that there are tables of; ``test_published`` says which lack them."""
    return {path.stem for path in PUBLISHED.glob("laptop/figures/*.png")}


def _claims(paper: str) -> tuple[Claim, ...]:
    return paper_module(paper, "claims").CLAIMS


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """Return the published ledger, by paper and claim; ``test_published`` holds it to be that of the tables."""
    return read_ledger(PUBLISHED / "laptop" / "claims.csv").set_index(["paper", "claim"])


@pytest.mark.parametrize("scale", sorted(path.parent.name for path in PUBLISHED.glob("*/claims.csv")))
def test_what_is_judged_has_a_number(scale: str) -> None:
    """One that has none is a fault of what measures it, such as nets paired with those of seeds that there are not."""
    judged = read_ledger(PUBLISHED / scale / "claims.csv").query("verdict in ('reproduced', 'inconclusive')")
    assert judged[judged.measured.isna()].empty, judged[judged.measured.isna()][["paper", "claim"]].to_string()


def _verdicts(paper: str, claims: Iterable[Claim], frames: dict[str, pd.DataFrame]) -> pd.Series:
    """Return the verdict of each claim; one that a spoiled table makes impossible to judge has none."""
    tables, found = {name.partition(".")[2]: Table(frame, name) for name, frame in frames.items()}, {}
    for claim in claims:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found[claim.name] = ledger(paper, [claim], tables).verdict.item()
            except (ValueError, IndexError, KeyError, np.linalg.LinAlgError):
                found[claim.name] = "no number"
    return pd.Series(found)


@pytest.fixture(scope="module")
def outdated(frames: dict[str, pd.DataFrame]) -> set[str]:
    """Return the experiments whose published table is of other cells than they have now: it waits to be published."""
    papers = {paper: load_paper(paper, "laptop").cells for paper in PAPERS}
    cells = {f"{paper}.{name}": its for paper, experiments in papers.items() for name, its in experiments.items()}
    there = {name: set(frame.cell.unique()) for name, frame in frames.items()}
    return {
        name
        for name, its in cells.items()
        if not {cell.id for cell in its if not is_twin(cell)} <= there.get(name, set())
    }


@pytest.mark.parametrize("paper", PAPERS)
def test_every_claim_is_judged_and_can_fail(
    paper: str,
    frames: dict[str, pd.DataFrame],
    published: pd.DataFrame,
    outdated: set[str],
    published_figures: set[str],
) -> None:
    """Claims on tables that wait to be published, or that no table of this scale can decide, are left out."""
    claims = [claim for claim in _claims(paper) if f"{paper}_{claim.figure}" in published_figures]
    rows = published.loc[[(paper, claim.name) for claim in claims]].droplevel("paper")
    tables = rows.tables.fillna("").str.split()
    can_fail = set(rows.index[rows.verdict == "not reproduced"])
    waiting = {
        claim.name
        for claim in claims
        if outdated & set(tables[claim.name]) or rows.verdict[claim.name].startswith("not testable")
    }
    for spoil in SPOILS.values():
        left = [claim for claim in claims if claim.name not in can_fail | waiting]
        needed = sorted({name for claim in left for name in tables[claim.name]})
        found = _verdicts(paper, left, {name: spoil(_without_twins(frames[name])) for name in needed})
        can_fail |= set(found.index[found == "not reproduced"])
    assert can_fail | waiting == {claim.name for claim in claims}


def _without_twins(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame[PERTURBATION].isna()].drop(columns=PERTURBATION) if PERTURBATION in frame else frame


def test_only_what_carries_a_claim_is_trained_twice(frames: dict[str, pd.DataFrame], published: pd.DataFrame) -> None:
    """A noise floor that no claim has costs time for nothing: such an experiment says ``noise_floor: false``."""
    read = {name for text in published.tables.dropna() for name in text.split()}
    for paper in PAPERS:
        for name, cells in load_paper(paper, "laptop").cells.items():
            if f"{paper}.{name}" in frames:
                assert f"{paper}.{name}" in read or not any(map(is_twin, cells)), f"{paper}.{name}"


@pytest.mark.parametrize("paper", PAPERS)
def test_statements_make_sense_alone(paper: str) -> None:
    """A ledger has hundreds of rows: none may lean on the one above."""
    leaning = re.compile(r"^(So|It|They|The same|These|Those|Neither|Both|There|This|That)\b")
    for claim in _claims(paper):
        assert claim.says.endswith("."), claim.name
        assert not leaning.match(claim.says), f"{claim.name}: {claim.says}"
        assert len(claim.says.split()) >= 6, f"{claim.name}: {claim.says}"


def test_two_papers_say_the_same_in_one_sentence_only_where_they_measure_the_same() -> None:
    said: dict[str, set[tuple[str, str]]] = {}
    for paper in PAPERS:
        for claim in _claims(paper):
            said.setdefault(claim.says, set()).add((claim.measured.words, claim.expected.words))
    assert {sentence for sentence, measured in said.items() if len(measured) > 1} == set()
