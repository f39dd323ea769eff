"""Bordelon et al. and Canatar et al.: tables at smoke scale, their figures and claims, specs without meaning."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.load import load_data
from infwidth.data.prepare import prepare
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import paper_module
from infwidth.papers.canatar2021.measured import REPORTED_NTK, peak
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve
from infwidth.topics.learning_curves.measured import log_ratio

#: The figure of each that is drawn here; the workflow's tests draw all.
SHOWN = {"bordelon2020": "modes", "canatar2021": "fig3"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare("mnist5k", folder, folder / "mnist5k")
    return folder


@pytest.fixture(scope="module", params=SHOWN)
def paper(request: pytest.FixtureRequest, prepared: Path) -> tuple[str, dict[str, Table]]:
    """Return the name of a paper and its tables at smoke scale."""
    tables = {}
    for experiment, cells in load_paper(request.param, "smoke").cells.items():
        frames = {}
        for cell in cells:
            spec = cell.spec
            data = None if spec.data is None else load_data(prepared, spec.data.model_dump(mode="json"))
            frames[cell.id] = solve(spec.solve, data)
        tables[experiment] = Table(gather(frames, {cell.id: cell.axes for cell in cells}), experiment)
    return request.param, tables


def test_a_figure_is_drawn_and_claims_are_judged(paper: tuple[str, dict[str, Table]]) -> None:
    name, tables = paper
    verdicts = ledger(name, paper_module(name, "claims").CLAIMS, tables).set_index("claim").verdict
    holds_at_any_size = {
        "bordelon2020": ["conservation", "conservation_mnist", "tail_ntk"],
        "canatar2021": ["theory_reported", "best_ridge", "harder_pair", "alignment"],
    }[name]
    assert set(verdicts[holds_at_any_size]) == {"reproduced"}
    figure = SHOWN[name]
    with style():
        drawn = getattr(paper_module(name, f"figures.{figure}"), figure)(tables)
        drawn.canvas.draw()
        assert drawn.axes
        plt.close(drawn)


def test_nets_learn_what_their_kernel_does_and_unlearn_their_start() -> None:
    rows = computed(
        name="sphere_nets", kernel="ntk", n_hidden=1, dimension=8, k_max=10, powers=[0, 1], width=1024, samples=[24],
        noise=0.1, members=[1, 4], n_seeds=6, n_test=300,
    )  # fmt: skip
    nets, theory = (rows[rows.of == of] for of in ("net", "limit"))
    assert nets[nets.metric == "train_error"].value.max() < 1e-2
    theory = theory[theory.step == 24]
    one, four = (theory[(theory.metric == "test_error") & (theory["index"] == m)].value.item() for m in (1, 4))
    alone = theory[theory.metric == "kernel_error"].value.item()
    assert alone < four < one
    for members, expected in ((1, one), (4, four)):
        errors = nets[(nets.metric == "test_error") & (nets["index"] == members)].value
        assert abs(np.log(errors.mean() / expected)) < 0.35
    kernel = nets[nets.metric == "kernel_error"].set_index("seed").value
    ensembles = nets[(nets.metric == "test_error") & (nets["index"] == 4)].set_index("seed").value
    assert (ensembles > kernel).mean() > 0.5


def test_a_log_ratio_is_that_of_means() -> None:
    rows = computed(
        name="sphere_regression", kernel="rbf", variance=1.0, dimension=5, k_max=6, powers=[0, 1], ridge=0.1,
        samples=[5, 9], n_seeds=4, theory_up_to=20,
    )  # fmt: skip
    nets = rows[(rows.metric == "signal_error") & (rows.of == "net")]
    doubled = nets.assign(exact=nets.groupby("step").value.transform("mean") / 2)
    found = log_ratio(doubled)
    assert found.value == pytest.approx(np.log(2))
    assert found.low < found.value < found.high


def test_a_peak_is_near_or_at_an_end() -> None:
    steps, errors = np.array([1.0, 2, 4, 8, 16, 32]), np.array([9.0, 1, 3, 1, 5, 1])
    assert peak(steps, errors, 4) == 4
    assert peak(steps, errors, 12) == 16
    assert peak(steps, np.sort(errors)[::-1], 4) == 2
    assert len(REPORTED_NTK) == 20


SPHERE = {
    "name": "sphere_regression", "kernel": "ntk", "n_hidden": 1, "dimension": 5, "k_max": 6, "powers": [0, 1],
    "ridge": 0, "samples": [5], "n_seeds": 2, "theory_up_to": 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": "rbf"}, "kernel 'rbf' needs variance, and has no n_hidden"),
        ({"samples": None}, "samples and n_seeds go together"),
        ({"powers": [1] * 8}, "powers: of degrees up to 7, beyond k_max 6"),
        ({"dimension": 1}, "must be the dimension of the inputs, at least 2"),
        ({"kernel": "laplace"}, "'laplace' is not known"),
    ],
)
def test_specs_without_meaning_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve={**SPHERE, **change})
