"""The training of deep linear nets at infinite width."""

from typing import TYPE_CHECKING, ClassVar, Literal

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Positive
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images


class Spec(Computation):
    """A deep linear net trained by full-batch gradient descent at richness γ0, on two classes of images."""

    name: Literal["deep_linear_dmft"]
    n_hidden: Depth
    gamma0: Positive
    lr: Positive
    steps: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the infinite-width training of a deep linear net on all training images of two classes, y = -1 and +1.

    ``lr`` is that of a net in the γ form trained with ``binary_mse``, the mean over P examples of (f - y)²: its
    -∂L/∂f is 2Δ/P, so that the limit's η is 2 lr / P. At every step ``train_loss``, that mean, and ``ntk_train_loss``,
    the same in the lazy limit; after the last, ``kernel`` [P, P] of the layers h1, …, hL, and ``ntk_kernel``, the
    lazy limit's for all layers. Rows of a kernel are those of a probe: flattened, ``index`` counting the entries.
    Raises SpecError for data of more than two classes.
    """
    from infwidth.limits.dmft import deep_linear_dmft, static_errors

    if data.n_classes != 2:
        raise SpecError(f"computation 'deep_linear_dmft' needs data of 2 classes (y = -1 and +1), not {data.n_classes}")
    x = data.x_train.flatten(1).double().numpy()
    kernel, targets = x @ x.T / x.shape[1], 2.0 * data.y_train.double().numpy() - 1.0
    n_hidden, steps, lr = spec.n_hidden, spec.steps, 2.0 * spec.lr / len(x)
    rich = deep_linear_dmft(kernel, targets, n_hidden=n_hidden, gamma0=spec.gamma0, lr=lr, steps=steps)
    lazy = static_errors(kernel, targets, n_hidden=n_hidden, lr=lr, steps=steps)

    out = Rows(spec.lr)
    out.add(range(steps + 1), "train_loss", rich.losses)
    out.add(range(steps + 1), "ntk_train_loss", (lazy**2).mean(axis=1))
    for layer, feature_kernel in enumerate(rich.feature_kernels, start=1):
        out.add(steps, "kernel", feature_kernel, layer=f"h{layer}")
    out.add(steps, "ntk_kernel", kernel)
    return out
