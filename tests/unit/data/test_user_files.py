"""A user's own files: what is wrong is said with the file, the array and the row, and nobody is told to delete them."""

import os
from pathlib import Path

import numpy as np
import pytest

from fake_archives import npz_bytes, write
from infwidth.data.current import is_current, source_digest
from infwidth.data.prepare import prepare
from infwidth.data.tokens import load_tokens
from infwidth.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3)).astype(np.uint8)
LABELS = np.arange(50) % 10


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"y_train": LABELS - 1}, r"y_train, row 0: the label is -1; labels are 0, 1, 2"),
        ({"y_train": LABELS + np.eye(1, 50, 7)[0] * 0.7}, r"y_train, row 7: the label is 7\.7"),
        ({"y_train": np.where(LABELS == 3, np.nan, LABELS)}, r"y_train, row 3: the label is nan"),
        ({"y_test": LABELS + np.eye(1, 50, 4, dtype=int)[0] * 2**40}, r"y_test, row 4: the label is 10995"),
        ({"y_train": np.where(LABELS == 4, 10, LABELS)}, r"no training image has the label 4, and some have 10"),
        ({"y_test": np.full(50, 12)}, r"the test label of row 0 is 12, which no training image has"),
        ({"y_train": LABELS.astype(str)}, r"y_train is <U21; labels are whole numbers"),
        ({"y_train": LABELS[:40]}, r"y_train has the shape \(40,\); x_train has 50 images"),
        (
            {"x_train": PIXELS.transpose(0, 3, 1, 2).copy()},
            r"channels come first: save np\.transpose\(x, \(0, 2, 3, 1\)\)",
        ),
        ({"x_train": np.asfortranarray(PIXELS)}, r"x_train\] has the rows last in memory .* np\.ascontiguousarray"),
        ({"x_test": PIXELS[..., [0, 1, 2, 0]]}, r"x_test has the shape \(50, 8, 8, 4\).*C is 1 or 3"),
        ({"x_train": PIXELS.astype(np.uint16) * 257}, r"x_train is uint16; .*16 bits save \(x // 257\)"),
        ({"x_train": PIXELS / 255}, r"x_train is float64; .*save np\.rint\(255 \* x\)"),
        ({"x_train": PIXELS.astype(int)}, r"x_train is int64; .*save x\.astype\(np\.uint8\)"),
        ({"x_train": PIXELS[:0], "y_train": LABELS[:0]}, r"cifar10\.npz: x_train holds no images"),
        ({"x_test": PIXELS[:, :4]}, r"images of different shapes, \(4, 8, 3\), \(8, 8, 3\)"),
        ({"x_train": np.array(3)}, r"x_train\] is no plain array: it is a single number"),
        ({"x_train": None}, r"cifar10\.npz has no array 'x_train'; it has y_train"),
    ],
)
def test_arrays_that_are_no_images_with_labels_are_refused(changes: dict, says: str, tmp_path: Path) -> None:
    arrays = {"x_train": PIXELS, "y_train": LABELS, "x_test": PIXELS, "y_test": LABELS} | changes
    path = tmp_path / "cifar10.npz"
    path.write_bytes(npz_bytes(**{name: array for name, array in arrays.items() if array is not None}))
    with pytest.raises(DataError, match=says) as caught:
        prepare("cifar10", tmp_path, tmp_path / "out")
    assert "cifar10.npz" in str(caught.value)
    assert not any(word in str(caught.value) for word in ("remove", "delete"))
    assert path.exists()
    assert not (tmp_path / "out").exists()


def test_whole_numbers_may_be_floats(tmp_path: Path) -> None:
    arrays = {"x_train": PIXELS, "y_train": LABELS.astype(np.float32), "x_test": PIXELS, "y_test": LABELS}
    (tmp_path / "cifar10.npz").write_bytes(npz_bytes(**arrays))
    prepare("cifar10", tmp_path, tmp_path / "out")
    assert np.load(tmp_path / "out" / "y_train.npy").tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x": np.full((4, 28, 28), 2, np.uint8)}, "0 for paper and 1 for ink"),
        ({"x": np.zeros((4, 105, 105), np.uint8)}, r"\[P, 28, 28\]"),
        ({"label": np.array([0, 1, 3, 3])}, "without a gap"),
        ({"drawer": np.full(4, 1.5)}, "drawer is float64; it holds whole numbers"),
        ({"background": np.ones(3, bool)}, "there are 4 drawings"),
    ],
)
def test_drawings_that_are_none_are_refused(changes: dict, says: str, tmp_path: Path) -> None:
    arrays = {"x": np.zeros((4, 28, 28), np.uint8), "label": np.arange(4), "drawer": np.ones(4, int)}
    arrays |= {"background": np.ones(4, bool), **changes}
    (tmp_path / "omniglot.npz").write_bytes(npz_bytes(**arrays))
    with pytest.raises(DataError, match=rf"omniglot\.npz.*{says}"):
        prepare("omniglot", tmp_path, tmp_path / "out")


def texts(data_dir: Path, **changes: bytes) -> None:
    (data_dir / "wikitext2").mkdir(exist_ok=True, parents=True)
    for split in ("train", "valid", "test"):
        (data_dir / "wikitext2" / f"{split}.txt").write_bytes(changes.get(split, b"a b c\n"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a b\ncafé".encode("latin-1"), r"valid\.txt is not UTF-8: byte 7 \(line 2\) is 0xe9.*iconv -f latin1"),
        ("a b c".encode("utf-16"), r"valid\.txt is not UTF-8: byte 0.*iconv -f utf-16"),
        ("a b c".encode("utf-16-le"), r"valid\.txt holds bytes of zero.*iconv -f utf-16"),
        (b"", r"valid\.txt holds no words"),
        (b" \n\t\n", r"valid\.txt holds no words"),
    ],
)
def test_texts_that_are_none_are_refused(content: bytes, says: str, tmp_path: Path) -> None:
    texts(tmp_path, valid=content)
    with pytest.raises(DataError, match=says):
        prepare("wikitext2", tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"caf\xe9 au lait " * 5, r"wiki8\.txt is not UTF-8: byte 3"),
        (b"a b c " * 10 + b"\xe9", r"wiki8\.txt is not UTF-8: byte 60"),
        (b"", r"wiki8\.txt holds 0 words"),
    ],
)
def test_running_texts_that_are_none_are_refused(content: bytes, says: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("infwidth.data.text_sources._BLOCK", 20)
    (tmp_path / "wiki8.txt").write_bytes(content)
    with pytest.raises(DataError, match=says):
        prepare("wiki8", tmp_path, tmp_path / "out")


def test_a_mark_of_byte_order_and_line_ends_of_windows_are_no_words(tmp_path: Path) -> None:
    texts(tmp_path, train=b"\xef\xbb\xbfa b\r\nc\r\n")
    prepare("wikitext2", tmp_path, tmp_path / "out")
    tokens = load_tokens(tmp_path / "out")
    assert [tokens.vocabulary[i] for i in tokens.ids] == ["a", "b", "<eos>", "c", "<eos>"]


def test_some_of_one_s_own_files_are_not_passed_over_for_others(tmp_path: Path) -> None:
    texts(tmp_path)
    (tmp_path / "wikitext2" / "valid.txt").unlink()
    with pytest.raises(DataError, match=r"train\.txt, test\.txt is there, but .*valid\.txt is not: put it beside"):
        prepare("wikitext2", tmp_path, tmp_path / "out")


def test_what_stands_in_the_place_of_a_file_is_not_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "cifar10.npz"
    place.symlink_to(tmp_path / "moved.npz")
    with pytest.raises(DataError, match=r"cifar10\.npz is a link to .*moved\.npz, which is not there"):
        prepare("cifar10", tmp_path, tmp_path / "out")
    place.unlink()
    place.mkdir()
    with pytest.raises(DataError, match=r"cifar10\.npz is no file"):
        prepare("cifar10", tmp_path, tmp_path / "out")


# corrected sources


def test_a_corrected_file_is_seen_by_size_time_and_then_checksum(tmp_path: Path) -> None:
    out = tmp_path / "out"
    texts(tmp_path)
    digests = [source_digest("wikitext2", {}, tmp_path, out)]
    assert not is_current("wikitext2", {}, tmp_path, out)
    prepare("wikitext2", tmp_path, out)
    assert is_current("wikitext2", {}, tmp_path, out)
    digests.append(source_digest("wikitext2", {}, tmp_path, out))
    os.utime(tmp_path / "wikitext2" / "train.txt", (0, 0))  # another time, the same words
    digests.append(source_digest("wikitext2", {}, tmp_path, out))
    assert len(set(digests)) == 1
    texts(tmp_path, train=b"a b d\n")  # as many bytes
    assert not is_current("wikitext2", {}, tmp_path, out)
    assert source_digest("wikitext2", {}, tmp_path, out) != digests[0]


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch) -> None:
    texts(tmp_path)
    prepare("wikitext2", tmp_path, tmp_path / "out")
    monkeypatch.setattr("infwidth.data.current.file_digest", lambda path: pytest.fail(f"{path} is read"))
    assert is_current("wikitext2", {}, tmp_path, tmp_path / "out")


def test_what_was_prepared_of_files_that_are_gone_stays(tmp_path: Path) -> None:
    texts(tmp_path)
    prepare("wikitext2", tmp_path, tmp_path / "out")
    before = source_digest("wikitext2", {}, tmp_path, tmp_path / "out")
    assert is_current("wikitext2", {}, tmp_path / "elsewhere", tmp_path / "out")
    assert source_digest("wikitext2", {}, tmp_path / "elsewhere", tmp_path / "out") == before


def test_official_files_have_no_digest_of_a_user_s_own(tmp_path: Path) -> None:
    write("mnist", tmp_path)
    assert source_digest("mnist", {}, tmp_path, tmp_path / "out") == ""
    prepare("mnist", tmp_path, tmp_path / "out")
    assert is_current("mnist", {}, tmp_path, tmp_path / "out")
    (tmp_path / "mnist.npz").write_bytes(npz_bytes(x_train=PIXELS, y_train=LABELS, x_test=PIXELS, y_test=LABELS))
    assert not is_current("mnist", {}, tmp_path, tmp_path / "out")


def test_the_digest_of_photographs_is_of_names_and_sizes(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / "imagenet" / split / "n01").mkdir(parents=True)
        (tmp_path / "imagenet" / split / "n01" / "a.JPEG").write_bytes(b"photograph")
    first = source_digest("imagenet", {}, tmp_path, tmp_path / "out")
    os.utime(tmp_path / "imagenet" / "train" / "n01" / "a.JPEG", (0, 0))
    assert source_digest("imagenet", {}, tmp_path, tmp_path / "out") == first
    (tmp_path / "imagenet" / "train" / "n01" / "a.JPEG").write_bytes(b"another photograph")
    assert source_digest("imagenet", {}, tmp_path, tmp_path / "out") != first
