r"""What one SGD step does to an infinitely wide network, at every richness: the leading power of the width, exactly.

The network and its training (Karkada 2024, the STP gauge, α = n^r, 0 ≤ r ≤ 1/2; r = 0 is the lazy end, r = 1/2 is μP):

    h_1 = W_1 x,    h_{l+1} = W_{l+1} φ(h_l),    f = W_{L+1} φ(h_L),    φ(h) = √2 max(h, 0),    no biases,

    layer       initial standard deviation   learning rate
    read-in     d^{-1/2}                     η α² / d
    hidden      n^{-1/2}                     η α² / n
    read-out    α^{-1} n^{-1/2}              η / n

    loss = (s/2) Σ_μ Σ_i (f_i(x_μ) - y_μi)².

The initial outputs are n^{-r} times Gaussians of covariance Σ_{L+1} (NNGP), independent between the k outputs. At
leading order the residual ∂L/∂f therefore is -s y for r > 0, and s (f - y) for r = 0; averaged over initialisations
its second moments, summed over outputs, are

    Q_L = s² (y yᵀ + k Σ_{L+1} [r = 0]).

With Q_{l-1} = K̇_l ∘ Q_l, where K̇_l(μν) = E[φ'(h_l(μ)) φ'(h_l(ν))] (derived here):

    rms f                      n^{-r}       √ mean_μ Σ_{L+1}(μμ)
    rms ‖∂L/∂h_l‖              n^{-r}       √ mean_μ K̇_l(μμ) Q_l(μμ)
    ‖Δh_l‖_F / ‖h_l‖_F         n^{r-1/2}    η √ (Σ_ν E[u_l(ν)²] / Σ_ν Σ_l(νν))
    rms Δf                     n^0          η √ (mean_ν (Bᵀ Q_L B)(νν) / k)

u_l and the response B are in :mod:`infwidth.limits.lazy_update` for r < 1/2 and, nonlinear in the step, in
:mod:`infwidth.limits.mup_update` for r = 1/2. As an example, for one input with ‖x‖² = d, ‖y‖ = s = 1 and 0 < r < 1/2,
the relative update of layer l is η n^{r-1/2} √(l² + l(l-1)(2l-1)/3): η n^{r-1/2} times 1, √6, √19, …
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.kernels import as_inputs, mlp_kernels
from infwidth.limits.lazy_update import backward_covariances, lazy_update
from infwidth.limits.mup_update import mup_update
from infwidth.seeding import numpy_stream


@dataclass(frozen=True)
class PowerLaw:
    """One quantity of one layer at large width: ``prefactor`` · n ** ``exponent``. Layer L+1 is the output f."""

    quantity: str
    layer: int
    exponent: float
    prefactor: float

    def at(self, width: ArrayLike) -> Array:
        """Return the value at ``width``, a number or an array of them."""
        return self.prefactor * np.asarray(width, dtype=np.float64) ** self.exponent


def one_step_limit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_hidden: int,
    richness: float,
    lr: float,
    loss_scale: float,
    n_samples: int = 2**14,
    seed: int = 0,
) -> list[PowerLaw]:
    """Return the leading large-width law of one SGD step on the batch ``x`` [P, d], ``y`` [P, k], in the STP gauge.

    ``n_hidden`` = L hidden layers, ``richness`` = r in [0, 1/2], ``lr`` = η, and ``loss_scale`` = s multiplies half the
    sum of squares over batch and outputs: s = 1/P for the batch mean of ½‖f - y‖², s = 2/(P k) for torch's
    ``mse_loss``. See the module for the network and the formulas. The rows:

    * ``output``, layer L+1: rms over batch and outputs of f at initialisation;
    * ``gradient``, layers 1…L: rms over the batch of the Euclidean norm of ∂L/∂h_l, before the step;
    * ``relative_update``, layers 1…L: ‖Δh_l‖_F / ‖h_l‖_F, Frobenius norms over batch and neurons, of preactivations;
    * ``output_update``, layer L+1: rms over batch and outputs of Δf.

    Every row is the root of a mean square over initialisations. For ``output``, and at r = 0 for all rows, the value of
    one network stays random at any width (there are only P k initial outputs): compare the rms over networks. The other
    rows are also the limits in a single network, with relative corrections of order n^{-r} (the neglected initial
    outputs; n^{-2r} in a mean square over networks), n^{r-1/2} if r < 1/2 (curvature of the step) and n^{-1/2}.

    At r = 1/2 the updates above layer 1 are sampled: ``n_samples`` and ``seed`` serve there only, and the relative
    error is of order n_samples^{-1/2}. Cost: O(L P³), and O(L n_samples P²) more at r = 1/2.

    Raises SpecError for a richness outside [0, 1/2] (below, initial outputs diverge; above, gradients do), a number
    that is not positive, or shapes that do not match.
    """
    inputs, targets = as_inputs(x, "x"), as_inputs(y, "y")
    if len(inputs) != len(targets):
        raise SpecError(f"x has {len(inputs)} points but y has {len(targets)}")
    if not 0 <= richness <= 0.5:
        raise SpecError(f"richness must lie between 0 (lazy) and 1/2 (muP) for a width limit to exist, not {richness}")
    for name, value in (("lr", lr), ("loss_scale", loss_scale), ("n_samples", n_samples)):
        if not 0 < value < math.inf:
            raise SpecError(f"{name} must be positive and finite, not {value}")

    kernels = mlp_kernels(inputs, n_hidden=n_hidden, activation="unit_relu", sigma_w=1.0, sigma_b=0.0)
    n_outputs = targets.shape[1]
    residual = targets @ targets.T
    if richness == 0:
        residual = residual + n_outputs * kernels.nngp
    residual = loss_scale**2 * residual

    if richness < 0.5:
        update = lazy_update(kernels, residual)
    else:
        stream = numpy_stream("evaluation", "one_step_limit", seed)
        update = mup_update(kernels, residual, lr=lr, n_samples=n_samples, rng=stream)

    variances = np.diagonal(kernels.covariance, axis1=1, axis2=2)
    gradients = np.diagonal(kernels.derivative * backward_covariances(kernels, residual), axis1=1, axis2=2)
    moved = lr * np.sqrt(update.squares.sum(axis=1) / variances[:-1].sum(axis=1))
    output_squares = np.diagonal(update.response.T @ residual @ update.response) / n_outputs
    top = n_hidden + 1
    return [
        PowerLaw("output", top, -richness, float(np.sqrt(variances[-1].mean()))),
        *(PowerLaw("gradient", layer, -richness, float(np.sqrt(g.mean()))) for layer, g in enumerate(gradients, 1)),
        *(PowerLaw("relative_update", layer, richness - 0.5, float(m)) for layer, m in enumerate(moved, 1)),
        PowerLaw("output_update", top, 0.0, float(lr * np.sqrt(output_squares.mean()))),
    ]
