"""Few-shot tasks: disjoint parts, rotations as classes, and streams that do not depend on anything else."""

import dataclasses

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.data.drawings import Drawings
from infwidth.data.images import Images
from infwidth.data.tasks import FewShot, TaskPool, distinct, few_shot, task_stream
from infwidth.errors import SpecError


def omniglot() -> Drawings:
    """Return 1623 characters by 20 drawers of 3×3 pixels: the label, the drawer, and zeros."""
    label = torch.arange(1623).repeat_interleave(20)
    drawer = torch.arange(1, 21).repeat(1623)
    x = torch.zeros(len(label), 1, 3, 3)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = label.float(), drawer.float()
    return Drawings(x, label, drawer, label < 964, "omniglot", "0" * 64)


def digits(side: int = 4, per_class: int = 12, n_classes: int = 10, name: str = "mnist5k") -> Images:
    """Return random images whose first pixel is the label."""
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(n_classes).repeat(per_class)
    x = torch.rand(len(y), 1, side, side, generator=rng)
    x += torch.nn.functional.one_hot(y, side**2).view(-1, 1, side, side)
    cut = len(y) * 3 // 4
    return Images(x[:cut], y[:cut], x[cut:], y[cut:], n_classes, name, "0" * 64)


@pytest.fixture(scope="module")
def characters() -> FewShot:
    return few_shot(omniglot())


def labels_of(pool: TaskPool) -> set[int]:
    return {int(pool.images[first, 0]) for first in pool.first}


def test_the_split_of_omniglot_is_that_of_vinyals(characters: FewShot) -> None:
    parts = [labels_of(pool) for pool in characters]
    assert [len(part) for part in parts] == [1028, 172, 423]
    assert len(set.union(*parts)) == 1623
    assert parts[2] == set(range(1200, 1623))
    # Armenian follows 75 characters of three alphabets, Hebrew 496 of sixteen; see the registry's official order.
    assert {75, 115, 180, 225, 333, 354, 496, 517, 739, 779} <= parts[1]
    assert not {74, 116, 179, 226, 332, 355, 495, 518, 738, 780} & parts[1]
    assert [len(pool.first) for pool in characters] == [4112, 688, 423]
    assert all((pool.count == 20).all() for pool in characters)


def test_a_rotation_is_one_of_the_picture_and_another_class(characters: FewShot) -> None:
    pool = dataclasses.replace(
        characters.train, first=characters.train.first[40:44], count=characters.train.count[40:44], turns=np.arange(4)
    )
    tasks = pool.draw(task_stream("train", 0, 0), 6, ways=4, shots=2)
    assert set(pool.first) == {pool.first[0]}
    for task in range(6):
        seen = set()
        for id_, pixels in zip(tasks.query_ids[task].tolist(), tasks.query[task], strict=True):
            turn, row = divmod(id_, len(pool.images))
            expected = torch.rot90(pool.images[row].view(3, 3), turn)
            assert torch.equal(pixels.view(3, 3), expected)
            seen.add(turn)
        assert seen == {0, 1, 2, 3}


def test_tasks_have_distinct_classes_and_images_grouped_by_class(characters: FewShot) -> None:
    tasks = characters.test.draw(task_stream("test", 0, 0), 50, ways=5, shots=3, queries=2)
    assert tasks.support.shape == (50, 15, 9)
    assert tasks.query.shape == (50, 10, 9)
    support, query = tasks.support.view(50, 5, 3, 9), tasks.query.view(50, 5, 2, 9)
    together = torch.cat([support, query], dim=2)
    assert (together[..., 0] == together[:, :, :1, 0]).all()  # one label a class
    for task in together:
        assert len(set(task[:, 0, 0].tolist())) == 5
        assert all(len(set(drawers.tolist())) == 5 for drawers in task[..., 1])
    assert (tasks.query == characters.test.images[tasks.query_ids]).all()


def test_a_digit_that_half_a_turn_leaves_has_two_turns() -> None:
    train, validation, test = few_shot(digits())
    assert [labels_of_digits(pool) for pool in (train, validation, test)] == [
        [0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4],
        [5, 5, 6, 6, 6, 6],
        [7, 7, 7, 7, 8, 8, 9, 9, 9, 9],
    ]
    other = few_shot(digits(name="fashion_mnist"))
    assert [len(pool.first) for pool in other] == [20, 8, 12]


def labels_of_digits(pool: TaskPool) -> list[int]:
    return [int(pool.images[first].argmax()) for first in pool.first]


def test_both_splits_of_images_are_used_and_scaled() -> None:
    data = digits()
    pools, half = few_shot(data), few_shot(data, input_scale=0.5)
    assert sum(len(pool.images) for pool in pools) == 120
    assert torch.equal(half.test.images, pools.test.images / 2)


def test_streams_depend_on_part_seed_and_number_only() -> None:
    pool = few_shot(digits()).train

    def ids(*keys) -> list[int]:
        return pool.draw(task_stream(*keys), 4, ways=5, shots=1).query_ids.tolist()

    first = ids("train", 0, 0)
    assert first == ids("train", 0, 0)
    assert all(first != ids(*keys) for keys in (("train", 1, 0), ("train", 0, 1), ("test", 0, 0)))


def test_distinct_numbers_are_uniform_over_all_ordered_samples() -> None:
    drawn = distinct(np.random.default_rng(0), np.full(60_000, 4), 3)
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert np.abs(counts / 2500 - 1).max() < 0.1  # five standard deviations
    bounds = np.array([3, 50])
    assert (distinct(np.random.default_rng(0), bounds, 3).max(-1) < bounds).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ways": 7}, "validation has 6 classes"),
        ({"ways": 1}, "ways: 1: must be a number of classes"),
        ({"shots": 12}, "images for 1 to 11"),
        ({"input_scale": 0.0}, "input_scale: 0.0: must be a positive number"),
        ({"net": "relu_ntq"}, "did you mean 'relu_ntk'"),
        ({"sigma_v": None}, "needs sigma_v"),
        ({"sigma_b": 1.0}, "sigma_b must be null"),
        ({"net": "relu_ntk", "sigma_b": 1.0, "bias_lr": None}, "width must be null, not 8"),
        ({"net": "relu_gp", "sigma_b": 1.0, "bias_lr": None}, "sigma_v must be null"),
        ({"epochs": 0}, "epochs: 0: must be a whole number from 1"),
    ],
)
def test_what_has_no_meaning_is_said(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        computed(digits(), **{**BLOCK, **change})


def test_half_of_omniglot_is_refused() -> None:
    whole = omniglot()
    kept = whole.background
    half = Drawings(whole.x[kept], whole.label[kept], whole.drawer[kept], kept[kept], "omniglot", "0" * 64)
    with pytest.raises(SpecError, match=r"there are 964 \(964\) in 19280 drawings"):
        few_shot(half)


def test_images_that_cannot_be_turned_are_refused() -> None:
    data = digits()
    with pytest.raises(SpecError, match=r"square images of one channel, not \(3, 4, 4\)"):
        few_shot(
            dataclasses.replace(data, x_train=data.x_train.expand(-1, 3, 4, 4), x_test=data.x_test.expand(-1, 3, 4, 4))
        )


BLOCK = {
    "name": "maml",
    "net": "linear",
    "width": 8,
    "sigma_u": 1.0,
    "sigma_v": 0.1,
    "sigma_b": None,
    "lr": 0.1,
    "bias_lr": 1.0,
    "inner_lr": 0.4,
    "ways": 5,
    "shots": 1,
    "tasks_per_batch": 4,
    "epochs": 3,
    "batches_per_epoch": 2,
    "validation_tasks": 5,
    "test_tasks": 8,
    "test_steps": 3,
    "n_seeds": 2,
}
NETS = {
    "finite": {},
    "limit": {"width": None},
    "gp": {"net": "relu_gp", "width": None, "sigma_v": None, "sigma_b": 1.0, "bias_lr": None},
    "ntk": {"net": "relu_ntk", "width": None, "sigma_b": 1.0, "bias_lr": None},
    "linear kernel": {"net": "linear_kernel", "width": None, "sigma_v": None, "bias_lr": None},
}


@pytest.mark.parametrize("net", NETS)
def test_rows_of_every_net(net: str) -> None:
    block = {**BLOCK, **NETS[net]}
    found = computed(digits(), **block)
    for metric in ("train_loss", "clipped_fraction", "validation_accuracy"):
        of_metric = found[found.metric == metric]
        assert of_metric[["seed", "step"]].to_numpy().tolist() == [[s, e] for s in (0, 1) for e in (1, 2, 3)]
    tested = found[found.metric == "test_accuracy"].set_index("seed")
    validated = found[found.metric == "validation_accuracy"].pivot(index="seed", columns="step", values="value")
    assert (tested.step == validated.idxmax(axis=1)).all()
    assert found[found.metric != "train_loss"].value.between(0, 1).all()
    assert np.isfinite(found.value).all()
    assert found.equals(computed(digits(), **block))
    one_seed = computed(digits(), **{**block, "n_seeds": 1})
    assert one_seed.equals(found[found.seed == 0].reset_index(drop=True))
