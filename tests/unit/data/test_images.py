import json
from pathlib import Path

import numpy as np
import pytest
import torch

from infwidth.data.images import Pixels, load_images
from infwidth.errors import DataError, SpecError
from prepared import write_prepared

# Of class 0, 1, 2: train and test images.
COUNTS = {"train": (30, 20, 25), "test": (6, 6, 6)}


def write_images(folder: Path, side: int = 8, channels: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {}
    for split, counts in COUNTS.items():
        y = rng.permutation(np.repeat(np.arange(3), counts))
        x = rng.integers(0, 200, (len(y), side, side, channels)).astype(np.uint8)
        x[:, 0, 0, 0] = 50 * y  # so that an image tells its class
        arrays |= {f"x_{split}": x, f"y_{split}": y}
    write_prepared(folder, "images", **arrays)
    return arrays


@pytest.fixture
def prepared(tmp_path) -> Path:
    write_images(tmp_path)
    return tmp_path


def test_everything_is_loaded_by_default(prepared):
    images = load_images(prepared)
    assert images.x_train.shape == (75, 3, 8, 8)
    assert images.x_test.shape == (18, 3, 8, 8)
    assert images.x_train.dtype == torch.float32
    assert images.y_train.dtype == torch.int64
    assert torch.bincount(images.y_train).tolist() == [30, 20, 25]
    assert (images.n_classes, images.name) == (3, "toy")
    assert images.sha256 == json.loads((prepared / "record.json").read_text())["sha256"]


def test_images_keep_their_labels_and_no_row_comes_twice(prepared):
    images = load_images(prepared, normalization="unit", train_size=60)
    classes = torch.round(images.x_train[:, 0, 0, 0] * 255 / 50).long()
    assert torch.equal(classes, images.y_train)
    assert len({image.numpy().tobytes() for image in images.x_train}) == 60


def test_a_subset_is_balanced_and_takes_the_classes_in_turn(prepared):
    images = load_images(prepared, train_size=50, test_size=4)
    assert torch.bincount(images.y_train).tolist() == [17, 17, 16]
    assert images.y_train[:6].tolist() == [0, 1, 2, 0, 1, 2]
    assert images.y_test.tolist() == [0, 1, 2, 0]


def test_a_smaller_subset_is_the_beginning_of_a_larger_one(prepared):
    small = load_images(prepared, train_size=10, normalization="unit")
    large = load_images(prepared, train_size=40, normalization="unit")
    assert torch.equal(small.x_train, large.x_train[:10])


def test_the_subset_depends_on_its_seed_only(prepared):
    torch.manual_seed(5)
    first = load_images(prepared, train_size=30)
    again = load_images(prepared, train_size=30)
    other = load_images(prepared, train_size=30, subset_seed=1)
    assert torch.equal(first.x_train, again.x_train)
    assert not torch.equal(first.x_train, other.x_train)


def test_classes_are_relabelled_in_the_order_given(prepared):
    images = load_images(prepared, classes=[2, 0], train_size=20, normalization="unit")
    assert images.n_classes == 2
    assert torch.bincount(images.y_train).tolist() == [10, 10]
    stored = torch.round(images.x_train[:, 0, 0, 0] * 255 / 50).long()
    assert torch.equal(stored, torch.tensor([2, 0])[images.y_train])


def test_standardizing_uses_the_training_subset_for_both_splits(prepared):
    raw = load_images(prepared, train_size=30, normalization="unit")
    images = load_images(prepared, train_size=30)
    torch.testing.assert_close(images.x_train.mean((0, 2, 3)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(images.x_train.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-6, rtol=0)
    mean = raw.x_train.mean((0, 2, 3), keepdim=True)
    std = raw.x_train.std((0, 2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(images.x_test, (raw.x_test - mean) / std, atol=1e-5, rtol=1e-5)


def test_resizing_averages_squares(prepared):
    images = load_images(prepared, image_size=2, normalization="unit")
    full = load_images(prepared, normalization="unit")
    torch.testing.assert_close(images.x_test, torch.nn.functional.avg_pool2d(full.x_test, 4))


def test_grayscale_is_luma_and_leaves_one_channel_alone(prepared, tmp_path):
    gray = load_images(prepared, grayscale=True, normalization="unit").x_test
    colour = load_images(prepared, normalization="unit").x_test
    expected = (colour * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    torch.testing.assert_close(gray, expected)
    write_images(tmp_path / "one channel", channels=1)
    one = load_images(tmp_path / "one channel", grayscale=True, normalization="unit")
    assert torch.equal(one.x_test, load_images(tmp_path / "one channel", normalization="unit").x_test)


def test_reading_in_small_blocks_gives_the_same(prepared, monkeypatch):
    whole = load_images(prepared, train_size=50)
    monkeypatch.setattr("infwidth.data.images._BLOCK_PIXELS", 8 * 8 * 3 * 7)
    blocks = load_images(prepared, train_size=50)
    assert torch.equal(whole.x_train, blocks.x_train)
    assert torch.equal(whole.x_test, blocks.x_test)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_size": 61}, r"train_size is 61; balanced subsets have 1 to 60 images .* together are 75"),
        ({"train_size": 0}, "train_size is 0"),
        ({"test_size": 100}, "test_size is 100"),
        ({"image_size": 3}, r"image_size 3 .* it can be in \[1, 2, 4, 8\]"),
        ({"image_size": 16}, "image_size 16"),
        ({"classes": [0, 7]}, r"no class 7 .* its classes are \[0, 1, 2\]"),
        ({"classes": [1, 1]}, "one class twice"),
        ({"normalization": "whiten"}, "'standardize' nor 'unit'"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(options, message, prepared):
    with pytest.raises(SpecError, match=message):
        load_images(prepared, **options)


def test_all_images_may_be_asked_for_by_number(prepared):
    assert len(load_images(prepared, train_size=75).y_train) == 75


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no prepared data"):
        load_images(tmp_path)
    write_prepared(tmp_path, "tokens", name="text8")
    with pytest.raises(DataError, match=r"holds tokens \(text8\), not images"):
        load_images(tmp_path)


def test_constant_images_cannot_be_standardized(prepared):
    write_prepared(prepared, "images", x_train=np.zeros((75, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="same value in every pixel"):
        load_images(prepared)


def test_squares_that_exceed_64_bits_are_refused_not_wrong():
    """White images of 64×64, in grey as averages of 16×16: dark ones have smaller squares, and are standardized."""
    pixels = Pixels((64, 64, 3), 4, True, "photos")
    light = np.full((1400, 64, 64, 3), 255, np.uint8)
    light[0, :16] = 0
    with pytest.raises(DataError, match="16×16 pixels in grey are too large"):
        pixels.statistics(light, np.arange(1400))
    dark = light // 8
    mean, std = pixels.statistics(dark, np.arange(1400))
    values = np.array([31.0] * (16 * 1400 - 4) + [0.0] * 4) * pixels.weight
    assert (mean[0], std[0]) == pytest.approx((values.mean(), values.std()), rel=1e-9)
