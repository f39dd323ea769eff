"""Small files in the official formats: the same names, layouts, keys and types as the real archives, few records.

``write(name, data_dir)`` puts those of one data set where they belong, with a SHA256SUMS that says that they are meant.
All classes occur in every split, and what is in them is random, but the same each time.
"""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

#: WordNet ids of four of the 1000 classes, and one of a synset that is no leaf.
WNIDS = ("n01440764", "n01443537", "n02084071", "n03938244")
_INNER = "n00001740"
_WORDS = "the of and in to a is was for on as with by he at from his it an were are".split()  # noqa: SIM905


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(list(name.encode()))


def _labels(rng: np.random.Generator, count: int, classes: int = 10) -> np.ndarray:
    return rng.permutation(np.arange(count) % classes).astype(np.uint8)


def zip_bytes(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_bytes(contents: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def idx_bytes(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes(), mtime=0)


def jpeg_bytes(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()


def digits(name: str, train: int = 120, test: int = 60) -> dict[str, bytes]:
    """MNIST and Fashion-MNIST: four gzipped idx files."""
    rng, files = _rng(name), {}
    for split, count in (("train", train), ("t10k", test)):
        files[f"{split}-images-idx3-ubyte.gz"] = idx_bytes(rng.integers(0, 256, (count, 28, 28), np.uint8))
        files[f"{split}-labels-idx1-ubyte.gz"] = idx_bytes(_labels(rng, count))
    return files


def _cifar_rows(per_batch: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    rng = _rng("cifar10")
    for batch in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        yield batch, rng.integers(0, 256, (per_batch, 3072), np.uint8), _labels(rng, per_batch)


def cifar10(per_batch: int = 40) -> dict[str, bytes]:
    """The binary version: a gzipped tar of rows of one label byte and 3072 bytes in planes."""
    contents = {
        f"cifar-10-batches-bin/{batch}.bin": np.hstack([labels[:, None], planes]).tobytes()
        for batch, planes, labels in _cifar_rows(per_batch)
    }
    contents["cifar-10-batches-bin/batches.meta.txt"] = b"airplane\nautomobile\n"
    return {"cifar-10-binary.tar.gz": tar_bytes(contents, "w:gz")}


def cifar10_python(per_batch: int = 40) -> dict[str, bytes]:
    """The batches of the Python version by name, as in the archive that torchvision downloads: pickles of bytes."""
    batches = {
        batch: pickle.dumps({"data": planes, "labels": labels.tolist()}, protocol=2)
        for batch, planes, labels in _cifar_rows(per_batch)
    }
    return {**batches, "batches.meta": pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}, protocol=2)}


def cifar5m(per_part: int = 60) -> dict[str, bytes]:
    """Six npz parts with X uint8 [P, 32, 32, 3] and Y int64 [P]."""
    rng = _rng("cifar5m")
    return {
        f"part{part}.npz": npz_bytes(
            X=rng.integers(0, 256, (per_part, 32, 32, 3), np.uint8), Y=_labels(rng, per_part).astype(np.int64)
        )
        for part in range(6)
    }


def photo(rng: np.random.Generator, label: int) -> np.ndarray:
    """A wide or tall picture; its mean brightness tells the class."""
    height, width = rng.integers(40, 90, 2)
    noise = rng.integers(-20, 21, (height, width, 3))
    return np.clip(60 * (label + 1) + noise, 0, 255).astype(np.uint8)


def imagenet(train: int = 5, val: int = 2) -> dict[str, bytes]:
    """A tar of a tar a class, a flat tar for validation, and the devkit with meta.mat and the labels in order."""
    from scipy.io import savemat

    rng = _rng("imagenet")
    classes = {
        f"{wnid}.tar": tar_bytes({f"{wnid}_{i}.JPEG": jpeg_bytes(photo(rng, label)) for i in range(train)})
        for label, wnid in enumerate(WNIDS)
    }
    truth = rng.permutation(np.repeat(np.arange(len(WNIDS)), val))
    flat = {
        f"ILSVRC2012_val_{number:08d}.JPEG": jpeg_bytes(photo(rng, label))
        for number, label in enumerate(truth, start=1)
    }
    # Ids are in another order than the names, as in the real devkit.
    ids = {label: len(WNIDS) - label for label in range(len(WNIDS))}
    fields = [(name, object) for name in ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children")]
    rows = [(ids[label], wnid, f"words of {wnid}", "gloss", 0, 0) for label, wnid in enumerate(WNIDS)]
    rows.append((len(WNIDS) + 1, _INNER, "no leaf", "gloss", 4, 1))
    meta = io.BytesIO()
    savemat(meta, {"synsets": np.array(rows, dtype=fields)[:, None]})
    devkit = "ILSVRC2012_devkit_t12/data"
    labels = "".join(f"{ids[int(label)]}\n" for label in truth)
    return {
        "ILSVRC2012_img_train.tar": tar_bytes(classes),
        "ILSVRC2012_img_val.tar": tar_bytes(flat),
        "ILSVRC2012_devkit_t12.tar.gz": tar_bytes(
            {
                f"{devkit}/meta.mat": meta.getvalue(),
                f"{devkit}/ILSVRC2012_validation_ground_truth.txt": labels.encode(),
            },
            "w:gz",
        ),
    }


def omniglot(alphabets: tuple[int, int] = (2, 1), characters: int = 3, drawers: int = 4) -> dict[str, bytes]:
    """Two zips of images_HALF/ALPHABET/characterNN/FILE_DRAWER.png, 105×105, one bit, black on white."""
    rng = _rng("omniglot")
    files, number = {}, 0
    for half, count in zip(("background", "evaluation"), alphabets, strict=True):
        contents = {f"images_{half}/": b""}
        for alphabet in range(count):
            for character in range(1, characters + 1):
                number += 1
                stroke = _png(rng)
                for drawer in range(1, drawers + 1):
                    place = f"images_{half}/Alphabet_{half}_{alphabet:02d}/character{character:02d}"
                    contents[f"{place}/{number:04d}_{drawer:02d}.png"] = stroke
        files[f"images_{half}.zip"] = zip_bytes(contents)
    return files


def whole_omniglot() -> dict[str, bytes]:
    """All 964 + 659 characters by 20 drawers, as a split of few-shot tasks wants them; the drawers copy each other."""
    rng = _rng("omniglot")
    files = {}
    for half, count in (("background", 964), ("evaluation", 659)):
        contents = {}
        for character in range(count):
            stroke, place = _png(rng), f"images_{half}/Alphabet_{character // 40:02d}/character{character % 40 + 1:02d}"
            contents |= {f"{place}/{character:04d}_{drawer:02d}.png": stroke for drawer in range(1, 21)}
        files[f"images_{half}.zip"] = zip_bytes(contents)
    return files


def _png(rng: np.random.Generator) -> bytes:
    paper = np.ones((105, 105), bool)
    top, left = rng.integers(0, 80, 2)
    paper[top : top + 20, left : left + 12] = False
    buffer = io.BytesIO()
    Image.fromarray(paper).save(buffer, format="PNG")
    return buffer.getvalue()


def _sentences(rng: np.random.Generator, count: int) -> Iterator[str]:
    for _ in range(count):
        yield " ".join(rng.choice(_WORDS, 12))


def wikitext(name: str, lines: int = 200) -> dict[str, bytes]:
    """A zip of wiki.{train,valid,test}.tokens; unknown words are written <unk>."""
    rng, folder = _rng(name), {"wikitext2": "wikitext-2", "wikitext103": "wikitext-103"}[name]
    contents = {
        f"{folder}/wiki.{split}.tokens": "".join(f" {line} <unk> . \n" for line in _sentences(rng, lines)).encode()
        for split in ("train", "valid", "test")
    }
    return {f"{folder}-v1.zip": zip_bytes({f"{folder}/": b"", **contents})}


def text8(lines: int = 400) -> dict[str, bytes]:
    """A zip of one file without line breaks."""
    return {"text8.zip": zip_bytes({"text8": (" " + " ".join(_sentences(_rng("text8"), lines))).encode()})}


ARCHIVES: dict[str, Callable[[], dict[str, bytes]]] = {
    "mnist": lambda: digits("mnist"),
    "fashion_mnist": lambda: digits("fashion_mnist"),
    "cifar10": cifar10,
    "cifar5m": cifar5m,
    "imagenet": imagenet,
    "omniglot": omniglot,
    "wikitext2": lambda: wikitext("wikitext2"),
    "wikitext103": lambda: wikitext("wikitext103"),
    "text8": text8,
}


def _text_of_many_words(words: int = 33_000) -> dict[str, bytes]:
    """WikiText-103 with as many words as its vocabulary at paper scale has."""
    names = [f"word{number}" for number in range(words)]
    parts = {"train": names, "valid": names[:2000], "test": names[:6000]}
    contents = {
        f"wikitext-103/wiki.{split}.tokens": "".join(
            f" {' '.join(part[start : start + 30])} \n" for start in range(0, len(part), 30)
        ).encode()
        for split, part in parts.items()
    }
    return {"wikitext-103-v1.zip": zip_bytes(contents)}


def _text_with_analogies(count: int = 25_000) -> dict[str, bytes]:
    """text8 of the words that the questions on cities and states ask for."""
    from gensim.test.utils import datapath

    questions = Path(datapath("questions-words.txt")).read_text(encoding="utf-8").lower()
    section = questions.partition(": city-in-state\n")[2].partition(":")[0]
    words = _rng("text8").choice([*sorted(set(section.split())), *_WORDS], count)
    return {"text8.zip": zip_bytes({"text8": (" " + " ".join(words)).encode()})}


#: As many records as the rehearsal of the paper scale takes.
REHEARSAL: dict[str, Callable[[], dict[str, bytes]]] = {
    "mnist": lambda: digits("mnist", 200, 100),
    "cifar10": lambda: cifar10(400),
    "cifar5m": lambda: cifar5m(100),
    "imagenet": lambda: imagenet(20, 20),
    "omniglot": whole_omniglot,
    "wikitext103": _text_of_many_words,
    "text8": _text_with_analogies,
}


def write(name: str, data_dir: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write the archives of a data set (or ``files`` in their place) and the list of their checksums."""
    folder = data_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    contents = ARCHIVES[name]() if files is None else files
    for filename, content in contents.items():
        (folder / filename).write_bytes(content)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {filename}\n" for filename, content in contents.items())
    (folder / "SHA256SUMS").write_text(sums)
    return folder
