r"""The μP limit of a linear net with one hidden layer: finitely many numbers, exact at all times of training.

In μP the forward multipliers of f = v u ξ (v: n → d_o outputs, u: d inputs → n) cancel: v and u start at N(0, σ²/n) and
learn at a rate that does not depend on n. Every neuron stays a linear combination of its initial weights Z^u ∈ R^d and
Z^v ∈ R^{d_o}, whose coefficients are the same for all neurons (Yang & Hu 2021, Thm D.1; Cor. 6.2 is d = d_o = 1):

    √n v_t = A_t Z^v + B_t Z^u,    √n u_t = C_tᵀ Z^v + D_tᵀ Z^u,    f_t(ξ) = (A_t C_t + B_t D_t) ξ,
    (A, B) ← (A, B) - η χ ((C ξ)ᵀ, (D ξ)ᵀ),    (C, D) ← (C, D) - η (Aᵀ χ, Bᵀ χ) ξᵀ,    χ = ∂L/∂f.

Here σ_v and σ_u are part of the coefficients, A_0 = σ_v I and D_0 = σ_u I, B_0 = C_0 = 0, and Z is standard. C is
d_o × d (the paper prints d × d_o for C_0, which does not conform). L is ½‖f - y‖², one example a step.
"""

from typing import NamedTuple

import numpy as np

from infwidth.activations import Array


class Coefficients(NamedTuple):
    """A [d_o, d_o], B [d_o, d], C [d_o, d], D [d, d] at one time of training."""

    A: Array
    B: Array
    C: Array
    D: Array

    @property
    def function(self) -> Array:
        """The matrix of the linear function computed at infinite width, [d_o, d]."""
        return self.A @ self.C + self.B @ self.D

    def sample(self, z_u: Array, z_v: Array) -> Array:
        """Return the function of a finite net drawn from the infinite one, [..., d_o, d].

        Its n neurons have initial weights ``z_u`` [..., n, d] and ``z_v`` [..., d_o, n] (standard normals) and the
        weights that these would have by now in the infinite net.
        """
        into_readout = self.A @ z_v + self.B @ np.swapaxes(z_u, -1, -2)
        out_of_input = np.swapaxes(z_v, -1, -2) @ self.C + z_u @ self.D
        return into_readout @ out_of_input / z_u.shape[-2]


def train(
    inputs: Array, targets: Array, *, lr: float, sigma_u: float = 1.0, sigma_v: float = 1.0
) -> list[Coefficients]:
    """Return the coefficients before training and after every SGD step; inputs [steps, d], targets [steps, d_o]."""
    d, d_o = inputs.shape[1], targets.shape[1]
    now = Coefficients(sigma_v * np.eye(d_o), np.zeros((d_o, d)), np.zeros((d_o, d)), sigma_u * np.eye(d))
    history = [now]
    for ξ, y in zip(inputs, targets, strict=True):
        A, B, C, D = now
        χ = now.function @ ξ - y
        now = Coefficients(
            A - lr * np.outer(χ, C @ ξ),
            B - lr * np.outer(χ, D @ ξ),
            C - lr * np.outer(A.T @ χ, ξ),
            D - lr * np.outer(B.T @ χ, ξ),
        )
        history.append(now)
    return history
