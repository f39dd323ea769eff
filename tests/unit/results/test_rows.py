"""A row says what it is of; tables published before it did are read as if they had."""

from pathlib import Path

import pytest

from infwidth.results.rows import Rows
from infwidth.results.tables import read_table

PUBLISHED = Path(__file__).parents[3] / "results" / "published"

#: Tables in which a row without a seed is none of the limit, and what it is of.
ENSEMBLES = {
    "ensemble_accuracy",
    "ensemble_loss",
    "ensemble_loss_probabilities",
    "ensemble_loss_of",
    "ensemble_loss_without",
    "ensemble_square",
    "single_loss",
    "logit_deviation",
    "logit_variance",
}
SEEDLESS = {
    "width_sweep": ENSEMBLES,
    "language": ENSEMBLES,
    "second_vision": ENSEMBLES,
    "vision_offline": ENSEMBLES,
    "vision_online": ENSEMBLES | {"ntk_alignment", "ntk_eigenvalue", "ntk_task_power"},
    **dict.fromkeys(
        ("particles", "linear_networks", "nonlinear_networks", "nonlinear_widths", "richness_networks"),
        frozenset({"bin_centre", "density"}),
    ),
    "spectra": {"bin_centre", "density"},
    "cnn_ensembles": {
        "ensemble_loss",
        "ensemble_loss_without",
        "ensemble_train_loss",
        "ensemble_train_loss_without",
    },
    **dict.fromkeys(
        ("flow_widths", "flow_ensembles", "flow_kernels"),
        frozenset({"ensemble_error_rate", "ensemble_error_rate_without"}),
    ),
    "linear_limit": {"output_mean", "output_std"},
}


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*/tables/*/*")), ids=lambda p: f"{p.parts[-4]}-{p.stem}")
def test_rows_of_published_tables_are_told_apart(path: Path) -> None:
    table = read_table(path)
    seedless = table[table.seed < 0]
    assert set(seedless[seedless.of == "ensemble"].metric) == SEEDLESS.get(path.stem, set()) & set(seedless.metric)
    assert (seedless[seedless.of == "net"].metric.size > 0) == (path.stem == "parameters")
    seeded = table[table.seed >= 0]
    if path.stem in ("maml_gp", "maml_ntk", "maml_linear_kernel"):
        assert set(seeded.of) == {"limit"}, "kernels are infinitely wide; their seeds draw tasks"
    elif "width" in table:
        assert ((seeded.of == "limit") == seeded.width.isna()).all()
        assert set(seeded.of) <= {"net", "limit"}
    else:  # seeds of a limit are samples of its neurons, or of the data that a kernel is given
        assert len(set(seeded.of)) <= 1
        assert set(seeded.of) <= {"net", "limit"}


def test_rows_are_of_nets_unless_told_otherwise() -> None:
    single, ensemble = Rows(0.1, 3), Rows(0.1, -1, "ensemble")
    for rows in (single, ensemble):
        rows.add(5, "test_loss", 0.5)
    assert single.frame().of.tolist() == ["net"]
    assert ensemble.frame().of.tolist() == ["ensemble"]
