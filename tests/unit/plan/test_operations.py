"""Operations of a training against sums done by hand, and the estimate of its time."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from builders import changed, train
from infwidth.data.registry import DATASETS
from infwidth.errors import SpecError
from infwidth.plan.cost import estimate_table, published_provenance, recorded_seconds
from infwidth.plan.graph import load_graph
from infwidth.plan.operations import Operations, Timed, count_operations, estimated_seconds

ROOT = Path(__file__).parents[3]

MLP = changed(
    data={"name": "cifar10", "image_size": 16, "classes": [3, 5, 7], "test_size": 100, "train_size": None}
    | {"normalization": "unit"},
    model={"width": 50},
    optimizer={"lr": [0.1, 0.2]},
    training={"loss": "mse", "batch_size": 20, "steps": 10, "evaluations": 2},
    seeds=[0, 1, 2],
)
#: Sums over layers of fan_in · fan_out; the gradient with respect to the images is not needed.
WEIGHTS, WEIGHTS_AFTER_THE_FIRST = 768 * 50 + 50 * 50 + 50 * 3, 50 * 50 + 50 * 3


def test_operations_of_an_mlp_are_those_of_its_products() -> None:
    forward, backward = 2 * 20 * WEIGHTS, 2 * 20 * (WEIGHTS + WEIGHTS_AFTER_THE_FIRST)
    counted = count_operations(train(MLP))
    assert counted.update == forward + backward
    evaluations = 3  # before, after one step, at the end
    assert counted.total == 6 * (10 * counted.update + evaluations * 100 * 2 * WEIGHTS)


def test_the_initial_function_counts_where_every_image_is_new() -> None:
    again = train(MLP, training={"centred": True})
    new = train(MLP, training={"centred": True, "augmentation": "affine"})
    assert count_operations(again).update == count_operations(train(MLP)).update
    assert count_operations(new).update == count_operations(train(MLP)).update + 2 * 20 * WEIGHTS


def test_a_text_counts_its_places_and_attention() -> None:
    spec = train(
        MLP,
        data={"name": "wikitext2", "context": 8, "vocabulary_size": 30, "test_windows": 4},
        model={"name": "transformer", "n_heads": 2, "n_blocks": 1, "mlp_ratio": 1, "width": 16}
        | {"attention_multiplier": 1.0},
        training={"loss": "cross_entropy", "batch_size": 3},
    )
    products = 4 * 16 * 16 + 2 * 16 * 16 + 16 * 30  # queries, keys, values, their output; feed-forward; readout
    attention = 2 * 8 * 16  # for each place: as many products with keys as with values
    forward = 2 * 3 * 8 * (products + attention)
    update = count_operations(spec).update
    assert 3 * forward <= update <= 3.5 * forward  # the backward pass is twice the forward; attention repeats a part


def test_every_training_at_paper_scale_can_be_counted_without_its_data() -> None:
    graph = load_graph("paper", "vyas2023_fig1,karkada2024_cnn,msr2021_fig1")
    trainings = [cell for cell in graph.cells.values() if cell.kind == "train"]
    widths = {}
    for cell in trainings:
        counted = count_operations(cell.spec)
        assert 0 < counted.update < counted.total
        widths.setdefault(cell.spec.model.name, {})[cell.spec.model.width] = counted.update
    growth = widths["resnet"][512] / widths["resnet"][64]
    assert 50 < growth < 64  # nearly the square of the width


def test_images_of_the_registry_say_what_they_are() -> None:
    assert {name for name, entry in DATASETS.items() if "image" in entry.kind} == {
        name for name, entry in DATASETS.items() if entry.images
    }


def test_an_estimate_takes_the_median_speed_of_the_most_alike() -> None:
    def run(model: str, update: float, speed: float) -> Timed:
        return Timed(model, Operations(update, 100 * update), 100 * update / speed)

    timed = [
        *(run("mlp", update, speed) for update, speed in ((8, 1.0), (9, 2.0), (10, 4.0), (11, 5.0), (12, 900.0))),
        *(run("mlp", 1e6, 70.0) for _ in range(5)),
        *(run("cnn", 10, 70.0) for _ in range(5)),
    ]
    assert estimated_seconds("mlp", Operations(10, 4000), timed) == 1000
    assert estimated_seconds("vit", Operations(10, 7000), timed[5:]) == pytest.approx(100)


def test_only_what_was_never_run_is_estimated() -> None:
    published = ROOT / "results" / "published"
    provenance = published_provenance(published)
    laptop = load_graph("laptop", "harvard2024_dmft_kernels")
    seconds = dict.fromkeys(laptop.cells, 60.0) | recorded_seconds(Path("no such folder"), provenance)
    assert estimate_table(laptop, seconds, provenance).empty
    left = {name: value for name, value in seconds.items() if name not in list(laptop.cells)[:2]}
    runs = provenance[provenance["cell"].isin(list(laptop.cells))]
    figures = estimate_table(laptop, left, runs)
    row, everything = figures.to_dict("records")
    assert {**row, "figure": "all of them"} == everything
    assert row["trainings"] == 2
    taken = runs[runs["cell"].isin(list(laptop.cells)[:2])]["cpu_seconds"].sum() / 3600
    assert row["hours_estimated"] == pytest.approx(taken, rel=1.0)


def test_what_only_the_data_tell_is_counted_and_costs_no_other_estimate() -> None:
    told = {"name": "wikitext2", "context": 8, "vocabulary_size": 30, "test_windows": 4}
    model = {"name": "transformer", "n_heads": 2, "n_blocks": 1, "mlp_ratio": 1, "width": 16}
    specs = [
        train(
            MLP,
            data=told | changes,
            model=model | {"attention_multiplier": 1.0},
            training={"loss": "cross_entropy", "batch_size": 3},
        )
        for changes in ({}, {"test_windows": None}, {"vocabulary_size": None})
    ]
    with pytest.raises(SpecError, match=r"give data\.test_windows"):
        count_operations(specs[1])
    cells = {f"cell {number}": SimpleNamespace(kind="train", spec=spec) for number, spec in enumerate(specs)}
    graph = SimpleNamespace(cells=cells, figures=[SimpleNamespace(rule="fig")], cells_of_figure=lambda figure: cells)
    figure, _ = estimate_table(graph, {}, published_provenance(Path("nowhere"))).to_dict("records")  # type: ignore[arg-type]
    assert (figure["trainings"], figure["not_estimated"]) == (1, 2)
    assert figure["petaflop"] == pytest.approx(count_operations(specs[0]).total / 1e15)


def test_where_nothing_was_ever_run_there_is_no_number(tmp_path: Path) -> None:
    provenance = published_provenance(tmp_path)
    assert recorded_seconds(tmp_path, provenance) == {}
    graph = load_graph("smoke", "harvard2024_mup_vs_ntk")
    figure, _ = estimate_table(graph, {}, provenance).to_dict("records")
    assert figure["petaflop"] > 0
    assert math.isnan(figure["hours_estimated"])
