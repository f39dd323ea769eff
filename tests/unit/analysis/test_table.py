"""Tables are narrowed and asked; whoever asks for what is not there is told what is."""

import pandas as pd
import pytest

from infwidth.analysis.table import NotTestableError, Table


@pytest.fixture
def table() -> Table:
    """Two widths of two seeds at steps 0 and 8 (one net diverged at 4), their ensembles, and a limit until 9."""
    rows = [
        (width, seed, "net", step, "loss", "", 100.0 * width + 10 * seed + step)
        for width in (4.0, 16.0)
        for seed in (0, 1)
        for step in (0, 4, 8)
        if (width, seed, step) != (4.0, 1, 8)
    ]
    rows += [(4.0, 1, "net", 4, "diverged", "", 4.0)]
    rows += [(width, -1, "ensemble", step, "loss", "", width) for width in (4.0, 16.0) for step in (0, 8)]
    rows += [(float("nan"), -1, "limit", step, "loss", "", 0.5 * step) for step in (0, 9)]
    rows += [(16.0, 0, "net", 8, "kernel", layer, 1.0) for layer in ("blocks.9", "blocks.10")]
    return Table(pd.DataFrame(rows, columns=["width", "seed", "of", "step", "metric", "layer", "value"]), "run")


def test_nets_ensembles_and_limits_are_apart(table: Table) -> None:
    assert set(table.nets("loss").seed) == {0, 1}
    assert table.ensemble("loss").value.tolist() == [4.0, 4.0, 16.0, 16.0]
    assert table.limit("loss").value.tolist() == [0.0, 4.5]
    assert set(table.nets("loss", "kernel").metric) == {"loss", "kernel"}


def test_the_end_is_that_of_what_is_asked_for(table: Table) -> None:
    at_end = table.at_end()
    assert at_end.nets("loss")[["width", "seed"]].values.tolist() == [[4, 0], [16, 0], [16, 1]], "the lost one is out"
    assert at_end.limit("loss").step.tolist() == [9]
    each = table.at_end(of_each=True).nets("loss")
    assert dict(zip(zip(each.width, each.seed, strict=True), each.step, strict=True))[4.0, 1] == 4


def test_values_are_one_or_several_or_the_extreme_ones(table: Table) -> None:
    assert table.at(width=4).nets("loss").width.unique().tolist() == [4.0]
    assert table.at(width=max, step=min).nets("loss").value.tolist() == [1600.0, 1610.0]
    assert table.at(step=(0, 8)).nets("loss").step.unique().tolist() == [0, 8]
    assert table.at(width=4, step=max).frame.step.unique().tolist() == [8], (
        "the largest of these nets, not of the limit"
    )


def test_what_is_not_there_is_said_with_what_is(table: Table) -> None:
    with pytest.raises(NotTestableError, match=r"run has no width 64, only 4, 16\."):
        table.at(width=64)
    with pytest.raises(NotTestableError, match=r"run has no sharpness of single nets, only diverged, kernel, loss\."):
        table.nets("loss", "sharpness")
    with pytest.raises(NotTestableError, match=r"run has no kernel of an ensemble, only loss\."):
        table.ensemble("kernel")
    with pytest.raises(NotTestableError, match=r"run has no depth\."):
        table.at(depth=4)
    limit = Table(table.limit("loss"), "run")
    for extreme in (max, min):
        with pytest.raises(NotTestableError, match=r"run has no width of these rows\."):
            limit.at(width=extreme)
    with pytest.raises(NotTestableError, match=r"run has no density\."):
        table.deepest_layer("density")


def test_facts_of_a_table(table: Table) -> None:
    assert table.values("width") == [4.0, 16.0]
    assert table.first_step_after(0.1) == 4
    assert table.first_step_after(1.0) == table.last_step() == 9
    assert table.deepest_layer("kernel") == "blocks.10"
    assert table.diverged().value.tolist() == [4.0]
    assert table.at(width=16).diverged().empty
