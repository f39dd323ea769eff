"""What a spec asks of labelled images, held against what is known of them before they are there."""

from typing import Any

from infwidth.data.registry import dataset
from infwidth.errors import SpecError
from infwidth.specs.cells import Solve, Train
from infwidth.specs.data import Images, OfImageNet


def check_images(spec: Train | Solve[Any]) -> None:
    """Raise SpecError for a side, a class or a number of test images that the spec's data set does not have.

    Loading them refuses the same, but only when the data are prepared and cells before have been computed. What only
    the data tell is left to it: the sizes of classes, and what is left of a data set by options of its preparation.
    """
    if not isinstance(spec.data, Images) or (facts := dataset(spec.data.name).images) is None:
        return
    data = spec.data
    stored = (data.options.image_size if isinstance(data.options, OfImageNet) else None) or facts.side
    if data.image_size is not None and stored % data.image_size:
        sides = [side for side in range(1, stored + 1) if stored % side == 0]
        raise SpecError(
            f"data.image_size is {data.image_size}, which images of '{data.name}' ({stored}×{stored}) cannot be"
            f" averaged to; their sides can be {', '.join(map(str, sides))}"
        )
    if data.options is not None or data.draws is not None:
        return
    if data.classes is not None and max(data.classes) >= facts.n_classes:
        raise SpecError(
            f"data.classes has {max(data.classes)}; the classes of '{data.name}' are 0 to {facts.n_classes - 1}"
        )
    if data.test_size is not None and data.test_size > facts.n_test:
        raise SpecError(f"data.test_size is {data.test_size}; '{data.name}' has {facts.n_test} test images")
