"""What computations on the sphere share: which kernel, in which dimension, and its spectrum."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from infwidth.specs.block import Depth, NotNegative, Positive, Says, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.activations import Array
    from infwidth.limits.sphere import SphereSpectrum

Dimension = Annotated[int, Field(ge=2, le=100000), Says("must be the dimension of the inputs, at least 2")]
Degree = Annotated[int, Field(ge=0, le=1000), Says("must be a degree of harmonics, from 0 to 1000")]


class SphereKernel(Computation):
    """A kernel on the sphere: "ntk" or "nngp" of √2·ReLU nets with ``n_hidden`` layers and biases of size ``sigma_b``.

    Or "rbf", exp(-|x - x'|²/(2 ``variance``)) of unit vectors. Harmonics are taken up to degree ``k_max``; what is
    beyond acts as a ridge.
    """

    kernel: Literal["ntk", "nngp", "rbf"]
    dimension: Dimension
    k_max: Degree
    n_hidden: Depth | None = unsaid()
    sigma_b: NotNegative = unsaid(0.0)
    variance: Positive | None = unsaid()

    @model_validator(mode="after")
    def _is_a_kernel(self) -> Self:
        wanted, other = ("variance", "n_hidden") if self.kernel == "rbf" else ("n_hidden", "variance")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"kernel '{self.kernel}' needs {wanted}, and has no {other}")
        return self

    def function(self) -> "Callable[[Array], Array]":
        """Return the kernel as a function of angles."""
        from infwidth.limits.sphere_regression import sphere_kernel

        return sphere_kernel(
            self.kernel, n_hidden=self.n_hidden or 1, sigma_b=self.sigma_b, variance=self.variance or 1.0
        )

    def spectrum(self) -> "SphereSpectrum":
        """Return its spectrum up to ``k_max``."""
        from infwidth.limits.sphere import sphere_spectrum

        return sphere_spectrum(self.function(), dimension=self.dimension, k_max=self.k_max)
