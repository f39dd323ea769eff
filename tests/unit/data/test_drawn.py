"""Models of images, and the images drawn from them: a stream that is the same for all, and whose images are alike."""

from pathlib import Path

import numpy as np
import pytest
import torch

from infwidth.data.drawn import ImageModel, load_drawn
from infwidth.data.images import load_images
from infwidth.data.mixtures import fit
from infwidth.data.prepare import prepare
from infwidth.errors import DataError, SpecError
from infwidth.seeding import numpy_stream
from infwidth.specs.block import read
from infwidth.specs.data import Images as Block

SIZES = {"train_size": 300, "test_size": 50}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "mnist5k_model"
    prepare("mnist5k_model", folder.parent / "no data folder", folder)
    return folder


def test_a_mixture_of_gaussians_is_found_again() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[8.0, 0.0, 0.0], [-8.0, 0.0, 0.0]])
    factors = np.array([[[1.0, 0, 0], [0.5, 2.0, 0]], [[0.3, 0, 0], [0, 1.0, 0]]])  # the third pixel never varies
    part = (rng.random(4000) < 0.25).astype(int)
    x = centres[part] + np.einsum("pr,prd->pd", rng.standard_normal((4000, 2)), factors[part])
    found = fit(x, components=2, rank=2, rng=np.random.default_rng(1))
    order = np.argsort(-found.weights)
    assert found.weights[order] == pytest.approx([0.75, 0.25], abs=0.02)
    assert found.mean + found.centres[order] @ found.basis == pytest.approx(centres, abs=0.1)
    for k, factor in zip(order, factors, strict=True):
        in_pixels = found.basis.T @ found.factors[k] @ found.factors[k].T @ found.basis
        assert in_pixels == pytest.approx(factor.T @ factor, abs=0.3)


def test_the_model_has_the_mean_and_most_of_the_variance_of_what_it_was_fitted_to(model: Path, mnist5k: Path) -> None:
    x, y = ImageModel(model).draw(4000, split="train", seed=0)
    real = load_images(mnist5k, normalization="unit")
    for label in (0, 1, 8):
        drawn, of_class = x[y == label].reshape(-1, 784) / 255, real.x_train[real.y_train == label].flatten(1).numpy()
        assert np.abs(drawn.mean(0) - of_class.mean(0)).mean() < 0.02
        # Less by what pixels below black lose, and by the components beyond the rank.
        assert 0.5 < drawn.var(0).sum() / of_class.var(0).sum() < 1
    assert np.bincount(y).min() > 300


def test_an_image_is_a_function_of_seed_split_and_number(model: Path) -> None:
    of = ImageModel(model)
    x, y = of.draw(1500, split="train", seed=0)
    fewer, fewer_labels = of.draw(1030, split="train", seed=0)
    assert np.array_equal(x[:1030], fewer)
    assert np.array_equal(y[:1030], fewer_labels)
    assert len({image.tobytes() for image in x}) == 1500
    for split, seed in (("test", 0), ("train", 1)):
        assert not np.array_equal(of.draw(10, split=split, seed=seed)[0], x[:10])


def test_images_are_scaled_as_real_ones_are(model: Path) -> None:
    images = load_drawn(model, image_size=14, **SIZES)
    assert images.x_train.shape == (300, 1, 14, 14)
    assert images.x_train.mean().item() == pytest.approx(0, abs=1e-5)
    assert images.x_train.std().item() == pytest.approx(1, abs=1e-3)
    assert (images.n_classes, images.name, images.y_test.dtype) == (10, "mnist5k_model", torch.int64)
    assert load_drawn(model, normalization="unit", **SIZES).x_train.max().item() <= 1


def test_pairs_stand_side_by_side_and_have_the_larger_label(model: Path) -> None:
    one = load_drawn(model, normalization="unit", train_size=600, test_size=50)
    pairs = load_drawn(model, normalization="unit", draws={"label": "larger"}, **SIZES)
    assert pairs.x_train.shape == (300, 1, 28, 56)
    assert torch.equal(pairs.x_train, torch.cat([one.x_train[0::2], one.x_train[1::2]], dim=3))
    assert torch.equal(pairs.y_train, torch.maximum(one.y_train[0::2], one.y_train[1::2]))
    small = load_drawn(model, image_size=7, draws={"label": "larger"}, **SIZES)
    assert small.x_test.shape == (50, 1, 7, 14)


def test_real_test_images_are_those_that_the_model_has_not_seen(model: Path, mnist5k: Path) -> None:
    drawn = load_drawn(model, normalization="unit", draws={"test": "real"}, **SIZES)
    real = load_images(mnist5k, normalization="unit", test_size=50)
    assert torch.equal(drawn.x_test, real.x_test)
    assert torch.equal(drawn.y_test, real.y_test)
    pairs = load_drawn(model, normalization="unit", draws={"test": "real", "label": "larger"}, **SIZES)
    assert len(set(pairs.y_test.tolist())) > 4
    shown = {image.numpy().tobytes() for half in pairs.x_test.split(28, dim=3) for image in half.contiguous()}
    assert shown <= {image.numpy().tobytes() for image in load_images(mnist5k, normalization="unit").x_test}


def test_what_cannot_be_drawn_is_refused(model: Path, mnist5k: Path) -> None:
    with pytest.raises(SpecError, match="say the sizes only"):
        load_drawn(model, train_size=None, test_size=5)
    with pytest.raises(SpecError, match="more than"):
        load_drawn(model, train_size=10**7, test_size=5)
    with pytest.raises(DataError, match="not a model"):
        load_drawn(mnist5k, train_size=5, test_size=5)
    block = {"name": "mnist5k_model", "image_size": 7, "normalization": "unit", **SIZES}
    assert "draws" not in read(Block, block, where="here").model_dump()
    assert read(Block, {**block, "draws": {"label": "larger"}}, where="here").model_dump()["draws"] == {
        "label": "larger"
    }
    for change, says in (
        ({"train_size": None}, "say the sizes"),
        ({"classes": [0, 1]}, "say the sizes"),
        ({"name": "mnist5k", "draws": {"test": "real"}}, "nothing is drawn from 'mnist5k'"),
        ({"draws": {"label": "sum"}}, "'sum' is not known"),
    ):
        with pytest.raises(SpecError, match=says):
            read(Block, {**block, **change}, where="here")


def test_the_stream_of_generation_is_not_that_of_the_fit() -> None:
    assert numpy_stream("generation", "fit", 0).random() != numpy_stream("generation", "train", 0, 0).random()
