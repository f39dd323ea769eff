"""ImageNet in both layouts: which classes, which labels, and a preparation that goes on where it was stopped."""

import io
import logging
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fake_archives import WNIDS, imagenet, jpeg_bytes, write
from infwidth.data import squares
from infwidth.data.identity import prepared_name, prepared_sets
from infwidth.data.imagenet import choose
from infwidth.data.load import load_data
from infwidth.data.photos import Photo
from infwidth.data.prepare import prepare
from infwidth.data.squares import square, write_squares
from infwidth.errors import DataError, SpecError


def unpacked(data_dir: Path) -> Path:
    """The fake archives as folders, as torchvision's ImageFolder wants them; the labels by way of the devkit."""
    files, root = imagenet(), data_dir / "imagenet"
    with tarfile.open(fileobj=io.BytesIO(files["ILSVRC2012_img_train.tar"])) as outer:
        for info in outer:
            with tarfile.open(fileobj=outer.extractfile(info)) as inner:
                for photo in inner:
                    path = root / "train" / Path(info.name).stem / photo.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(inner.extractfile(photo).read())
    (root / "val").mkdir()
    with tarfile.open(fileobj=io.BytesIO(files["ILSVRC2012_img_val.tar"])) as flat:
        for photo in flat:
            (root / "val" / photo.name).write_bytes(flat.extractfile(photo).read())
    (root / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(files["ILSVRC2012_devkit_t12.tar.gz"])
    write("imagenet", data_dir, {"ILSVRC2012_devkit_t12.tar.gz": files["ILSVRC2012_devkit_t12.tar.gz"]})
    return root


def brightness_tells_the_class(folder: Path, labels: list[int]) -> None:
    """In the fakes, the k-th class in order of name has the brightness 60 (k + 1)."""
    for split in ("train", "test"):
        x, y = (np.load(folder / f"{what}_{split}.npy") for what in "xy")
        told = np.rint(x.mean((1, 2, 3)) / 60 - 1).astype(int)
        assert np.array_equal(told, np.asarray(labels)[y])


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    write("imagenet", tmp_path)
    return tmp_path


def test_archives_and_folders_give_the_same_arrays(archives: Path, tmp_path: Path) -> None:
    unpacked(tmp_path / "folders")
    records = [
        prepare("imagenet", data_dir, tmp_path / f"out {i}", image_size=8)
        for i, data_dir in enumerate((archives, tmp_path / "folders"))
    ]
    assert records[0]["files"] == records[1]["files"]
    assert records[0]["files"]["x_train.npy"]["shape"] == [20, 8, 8, 3]
    brightness_tells_the_class(tmp_path / "out 0", [0, 1, 2, 3])
    assert not list((archives / "imagenet").glob("*/*"))  # nothing was unpacked beside the archives
    assert records[1]["source"][-1]["origin"] == "data folder: imagenet"


def test_a_sorted_validation_folder_needs_no_devkit(tmp_path: Path) -> None:
    root = unpacked(tmp_path)
    prepare("imagenet", tmp_path, tmp_path / "by devkit", image_size=8)
    labels = np.load(tmp_path / "by devkit" / "y_test.npy")
    told = {}
    for photo in sorted((root / "val").iterdir()):
        brightness = np.asarray(Image.open(photo)).mean()
        told[photo] = WNIDS[round(brightness / 60 - 1)]
    for photo, name in told.items():
        (root / "val" / name).mkdir(exist_ok=True)
        shutil.move(photo, root / "val" / name / photo.name)
    (root / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    prepare("imagenet", tmp_path, tmp_path / "by folder", image_size=8)
    assert np.array_equal(np.load(tmp_path / "by folder" / "y_test.npy"), labels)
    assert np.array_equal(
        np.load(tmp_path / "by folder" / "x_test.npy"), np.load(tmp_path / "by devkit" / "x_test.npy")
    )


def test_a_flat_validation_folder_without_labels_is_explained(tmp_path: Path) -> None:
    (unpacked(tmp_path) / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    with pytest.raises(DataError, match=r"val has 8 photographs and no folders.*or put ILSVRC2012_devkit_t12\.tar\.gz"):
        prepare("imagenet", tmp_path, tmp_path / "out")


def test_classes_and_images_are_chosen(archives: Path) -> None:
    record = prepare(
        "imagenet", archives, archives / "a", image_size=8, classes=[WNIDS[2], WNIDS[0]], images_per_class=3
    )
    assert np.load(archives / "a" / "y_train.npy").tolist() == [0, 0, 0, 1, 1, 1]
    assert np.load(archives / "a" / "y_test.npy").tolist() == [0, 0, 1, 1]
    brightness_tells_the_class(archives / "a", [2, 0])
    assert record["options"] == {"image_size": 8, "classes": [WNIDS[2], WNIDS[0]], "images_per_class": 3}
    (archives / "two.txt").write_text(f"# a choice\n{WNIDS[2]}  chair\n\n{WNIDS[0]} # fish\n")
    again = prepare("imagenet", archives, archives / "b", image_size=8, classes="two.txt", images_per_class=3)
    assert again["files"] == record["files"]


def test_a_number_of_classes_is_a_fixed_choice_and_grows_by_adding(tmp_path: Path) -> None:
    known = [f"n{number:08d}" for number in range(1000)]
    assert choose(100, known, tmp_path)[:10] == choose(10, known, tmp_path)
    assert choose(10, known, tmp_path) == choose(10, known[::-1], tmp_path)
    assert choose(10, known, tmp_path) != known[:10]
    assert choose(None, known, tmp_path) == known


@pytest.mark.parametrize(
    ("classes", "error", "says"),
    [
        (5, SpecError, "classes is 5; there are 4"),
        (0, SpecError, "classes is 0; there are 4"),
        (2.5, SpecError, "it is WordNet ids, a file of them, a number, or null"),
        (["n01440765"], DataError, r"no class 'n01440765' \(did you mean 'n01440764'\?\); there are 4"),
        ([WNIDS[0], WNIDS[0]], SpecError, "twice"),
        ([], SpecError, "classes is empty"),
        ("absent.txt", DataError, r"absent\.txt cannot be read"),
    ],
)
def test_classes_without_meaning_are_named(classes: object, error: type, says: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=says):
        choose(classes, WNIDS, tmp_path)  # type: ignore[arg-type]


def test_options_are_part_of_the_name_and_none_leaves_it() -> None:
    assert prepared_name("imagenet") == prepared_name("imagenet", {}) == "imagenet"
    few, many = (prepared_name("imagenet", {"classes": count, "image_size": 8}) for count in (10, 100))
    assert few != many
    assert few == prepared_name("imagenet", {"image_size": 8, "classes": 10})
    needed = prepared_sets({"name": "text8", "questions": "analogies", "options": {"min_count": 2}})
    assert needed == {
        prepared_name("text8", {"min_count": 2}): ("text8", {"min_count": 2}),
        "analogies": ("analogies", {}),
    }


def test_two_experiments_with_other_options_have_two_prepared_sets(archives: Path) -> None:
    blocks = [{"name": "imagenet", "options": {"classes": count, "image_size": 8}, "image_size": 4} for count in (2, 3)]
    for block in blocks:
        ((name, (dataset, options)),) = prepared_sets(block).items()
        prepare(dataset, archives, archives / "prepared" / name, **options)
    data = [load_data(archives / "prepared", block) for block in blocks]
    assert [images.n_classes for images in data] == [2, 3]
    assert data[0].sha256 != data[1].sha256
    assert data[0].x_train.shape[1:] == (3, 4, 4)


# photographs


def photo_file(tmp_path: Path, image: Image.Image, name: str = "photo.png") -> Photo:
    image.save(tmp_path / name)
    return Photo(tmp_path / name, str(tmp_path / name))


def test_the_centre_square_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :, 2] = 255
    pixels[:, 16:48] = (200, 0, 0)
    found = square(photo_file(tmp_path, Image.fromarray(pixels)), 8)
    assert found.shape == (8, 8, 3)
    assert (found == (200, 0, 0)).all()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "LA", "1"])
def test_photographs_of_other_modes_become_colours(mode: str, tmp_path: Path) -> None:
    name = "photo.jpg" if mode == "CMYK" else "photo.png"
    assert square(photo_file(tmp_path, Image.new("RGB", (20, 10), (99, 99, 99)).convert(mode), name), 4).shape == (
        4,
        4,
        3,
    )


def test_sixteen_bits_are_refused_by_name_and_not_cut_off(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((10, 10), 40_000, np.uint16))
    with pytest.raises(
        DataError, match=r"photo\.png has more than 8 bits a channel \(mode I;16\); save it with 8 bits"
    ):
        square(photo_file(tmp_path, deep), 4)


def test_a_huge_photograph_is_refused_by_name(tmp_path: Path, monkeypatch) -> None:
    photo = photo_file(tmp_path, Image.new("L", (200, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    with pytest.raises(DataError, match=r"photo\.png is too large to be read \(.*20000 pixels"):
        square(photo, 4)


def test_a_photograph_of_one_line_costs_no_memory(tmp_path: Path) -> None:
    assert square(photo_file(tmp_path, Image.new("RGB", (50_000, 1), (7, 8, 9))), 64)[0, 0].tolist() == [7, 8, 9]


@pytest.mark.parametrize("content", [b"", b"no image", jpeg_bytes(np.zeros((32, 32, 3), np.uint8))[:300]])
def test_what_is_no_photograph_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"photo\.jpg cannot be read as an image"):
        square(Photo(tmp_path / "photo.jpg", "photo.jpg"), 4)


@pytest.fixture
def album(tmp_path: Path) -> list[Photo]:
    pictures = np.random.default_rng(0).integers(0, 256, (10, 12, 12, 3)).astype(np.uint8)
    return [photo_file(tmp_path, Image.fromarray(pixels), f"{i}.png") for i, pixels in enumerate(pictures)]


@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_writes_the_same(workers: int, album: list[Photo], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(squares, "_BLOCK", 3)
    path = write_squares(tmp_path / "half", "x", album, 6, workers=workers)
    assert np.array_equal(np.load(path), np.stack([square(photo, 6) for photo in album]))


def test_a_stopped_preparation_goes_on_where_it_was(album: list[Photo], tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(squares, "_BLOCK", 2)
    monkeypatch.setattr(squares, "_SECONDS", 0.0)
    whole, seen = square, []

    def stopped_from_seven_on(photo: Photo, side: int) -> np.ndarray:
        if album.index(photo) >= 7:  # all of them: a block in flight may end before the interrupt is seen
            raise KeyboardInterrupt
        return whole(photo, side)

    monkeypatch.setattr(squares, "square", stopped_from_seven_on)
    with pytest.raises(KeyboardInterrupt):
        write_squares(tmp_path / "half", "x", album, 6, workers=1)
    monkeypatch.setattr(squares, "square", lambda photo, side: seen.append(photo) or whole(photo, side))
    with caplog.at_level(logging.INFO):
        path = write_squares(tmp_path / "half", "x", album, 6, workers=1)
    assert seen == album[6:]
    assert "x: 6 of 10 images are there already" in caplog.text
    assert "x: 8 of 10 images, about" in caplog.text
    assert np.array_equal(np.load(path), np.stack([whole(photo, 6) for photo in album]))


@pytest.mark.parametrize("change", ["side", "photo"])
def test_what_was_written_of_other_photographs_is_not_kept(change: str, album: list[Photo], tmp_path: Path) -> None:
    write_squares(tmp_path / "half", "x", album, 6, workers=1)
    if change == "photo":
        photo_file(tmp_path, Image.new("RGB", (30, 30)), "0.png")
    path = write_squares(tmp_path / "half", "x", album, 5 if change == "side" else 6, workers=1)
    assert np.array_equal(np.load(path), np.stack([square(photo, np.load(path).shape[1]) for photo in album]))


def test_a_killed_preparation_leaves_its_half_and_a_finished_one_nothing(archives: Path, monkeypatch) -> None:
    monkeypatch.setattr(squares, "_BLOCK", 4)
    whole, count = square, []

    def stopped(photo: Photo, side: int) -> np.ndarray:
        count.append(photo)
        if len(count) == 11:
            raise KeyboardInterrupt
        return whole(photo, side)

    monkeypatch.setattr(squares, "square", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare("imagenet", archives, archives / "out", image_size=8)
    assert (archives / ".out.half_done").is_dir()
    count.clear()
    monkeypatch.setattr(squares, "square", lambda photo, side: count.append(photo) or whole(photo, side))
    record = prepare("imagenet", archives, archives / "out", image_size=8)
    assert len(count) == 20 + 8 - 8
    assert not (archives / ".out.half_done").exists()
    assert record["files"] == prepare("imagenet", archives, archives / "at once", image_size=8)["files"]
