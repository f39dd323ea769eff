"""From labelled images to a model of them: a mixture of Gaussians a class, from which more images can be drawn.

As the images of CIFAR-5M are drawn from a generative model of CIFAR-10, so that no net sees one twice; see
:mod:`infwidth.data.mixtures` for the model and :mod:`infwidth.data.drawn` for the images drawn.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from infwidth.data import image_sources
from infwidth.data.arrays import save
from infwidth.data.mixtures import fit
from infwidth.data.registry import dataset
from infwidth.data.sources import SourceFinder
from infwidth.seeding import numpy_stream


def mnist5k_model(finder: SourceFinder, folder: Path) -> None:
    """A model of the 4000 training digits of mnist5k; its 1000 test digits are kept, to test on."""
    _of(finder, folder, "mnist5k", image_sources.mnist5k, components=5, rank=40)


def cifar10_model(finder: SourceFinder, folder: Path) -> None:
    """A model of the training images of CIFAR-10; its test images are kept, to test on."""
    _of(finder, folder, "cifar10", image_sources.cifar10, components=8, rank=100)


def _of(
    finder: SourceFinder,
    folder: Path,
    name: str,
    convert: Callable[[SourceFinder, Path], None],
    *,
    components: int,
    rank: int,
) -> None:
    """Write the model of a data set's training images, float32 but for the weights, and its test images.

    ``weights`` float64 [C, K], ``mean`` [C, d], ``basis`` [C, rank, d], ``centres`` [C, K, rank], ``factors``
    [C, K, rank, rank] as in :class:`~infwidth.data.mixtures.Mixture`, pixels in 0–255; ``x_test``, ``y_test``.
    """
    half_done = finder.half_done / name
    source = SourceFinder(dataset(name), finder.data_dir, half_done=half_done, workers=finder.workers)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}.") as made:
        convert(source, Path(made))
        x, y, x_test, y_test = (
            np.load(Path(made) / f"{of}.npy", allow_pickle=False) for of in ("x_train", "y_train", "x_test", "y_test")
        )
    finder.used += source.used
    mixtures = [
        fit(
            x[y == label].reshape(-1, np.prod(x.shape[1:])).astype(np.float64),
            components=components,
            rank=rank,
            rng=numpy_stream("generation", "fit", label),
        )
        for label in range(int(y.max()) + 1)
    ]
    for array in ("mean", "basis", "weights", "centres", "factors"):
        of_all = np.stack([getattr(mixture, array) for mixture in mixtures])
        save(folder / f"{array}.npy", of_all if array == "weights" else of_all.astype(np.float32))
    save(folder / "x_test.npy", x_test)
    save(folder / "y_test.npy", y_test)
