"""Gradient flow dw/dt = v(w) of many nets side by side, each with steps of its own length.

The method is that of Runge, Kutta and Chebyshev (RKC2: Sommeijer, Shampine & Verwer, J. Comput. Appl. Math. 88, 1998):
explicit, of second order, with an estimate of its error, and stable as far as 0.65 s² / λ for s evaluations of v, where
Euler's steps reach 2 s / λ. It is made for real negative spectra, which the Jacobian of a gradient flow, minus a
Hessian, has where the loss is stiff.

It was chosen by counting evaluations of v until nets of :mod:`infwidth.solve.scaled_nets` have fitted all examples
(three hidden layers of 48 units, 80 images; mean over √h α from 10⁻³ to 10³), at tolerances that leave about the same
half a percent of error in final outputs: 560 with six stages, 750 with the pair of Bogacki and Shampine (980 as scipy's
RK23), 1400 with scipy's RK45, 2260 with Euler's steps under the criterion of Geiger et al.; with 96 units and 200
images 1060 against 1550, 1630, 2700 and 2420. scipy's methods also take one net at a time, and bound errors
of single weights by an absolute tolerance, at which lazy nets ended up to 100 % wrong.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

#: States [A, n] of the nets of these numbers [A] → their velocities [A, n], a new tensor that may be written to, and
#: what else is known of them, [A, …].
Velocity = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

#: Damping of the internal stages, the safety of the next step's length and the most it grows or shrinks by, of RKC2.
_DAMPING, _SAFETY, _SHRINK, _GROW = 2 / 13, 0.8, 0.1, 5.0
#: The first step moves a net by this part of its size.
_FIRST = 1e-6


class Flow:
    """The state of S nets on their way.

    Attributes:
        state: [S, n], float64: a lazy net moves by so little that single precision sees noise.
        times: [S].
        outputs: what ``velocity`` said of each net where it is now, [S, …].
        running: bool [S]; set to False where a net has arrived.
        evaluations: of v, by net [S].
    """

    def __init__(
        self, start: Tensor, velocity: Velocity, *, tolerance: float, stages: int, leap: float = math.inf
    ) -> None:
        """Begin at ``start`` [S, n].

        ``tolerance`` bounds the error of a step relative to the way that a net has come so far, or to the step where
        that is longer; ``stages`` s ≥ 2 is the number of evaluations a step. No step changes an output by more than
        ``leap``, so that nets that are watched for a level of their outputs are caught near it.
        """
        self._start, self._velocity, self._tolerance, self._leap = start, velocity, tolerance, leap
        self._scheme = _Scheme.of(stages)
        self.state = start.clone()
        nets = torch.arange(len(start))
        self._velocities, self.outputs = velocity(self.state, nets)
        self.times = start.new_zeros(len(start))
        self.running = torch.ones(len(start), dtype=torch.bool)
        self.evaluations = torch.ones(len(start), dtype=torch.int64)
        speed = self._velocities.norm(dim=1).clamp(min=torch.finfo(start.dtype).tiny)
        self._dt = _FIRST * start.norm(dim=1).clamp(min=_FIRST) / speed

    def step(self) -> Tensor:
        """Try one step of every running net; return the numbers of those that moved, the others try a shorter one."""
        nets = self.running.nonzero()[:, 0]
        before, v, dt = self.state[nets], self._velocities[nets], self._dt[nets, None]
        after = self._scheme.advance(before, v, dt, lambda state: self._velocity(state, nets)[0])
        v_after, outputs = self._velocity(after, nets)
        self.evaluations[nets] += self._scheme.stages
        error = (0.8 * (before - after) + 0.4 * dt * (v + v_after)).norm(dim=1)
        way = torch.maximum((after - self._start[nets]).norm(dim=1), (after - before).norm(dim=1))
        ratio = (error / (self._tolerance * way)).nan_to_num(nan=torch.inf)
        leaps = (outputs - self.outputs[nets]).abs().flatten(1).amax(1) / self._leap
        accepted = (ratio <= 1) & (leaps <= 1)
        moved = nets[accepted]
        self.state[moved], self._velocities[moved] = after[accepted], v_after[accepted]
        self.outputs[moved] = outputs[accepted]
        self.times[moved] += self._dt[moved]
        self._dt[nets] *= (_SAFETY * torch.minimum(ratio ** (-1 / 3), 1 / leaps)).clamp(_SHRINK, _GROW)
        return moved


@dataclass(frozen=True)
class _Scheme:
    """Coefficients of RKC2 with s stages, by the Chebyshev polynomials T_j at w_0 = 1 + ε/s²."""

    first: float
    #: Of the stages 2 … s: μ, ν, μ̃, γ̃.
    others: tuple[tuple[float, float, float, float], ...]

    @property
    def stages(self) -> int:
        return len(self.others) + 1

    @classmethod
    def of(cls, s: int) -> "_Scheme":
        if s < 2:
            raise ValueError(f"a step of second order needs at least 2 stages, not {s}")
        w0 = 1 + _DAMPING / s**2
        t, dt, ddt = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
        for _ in range(2, s + 1):
            ddt.append(2 * w0 * ddt[-1] - ddt[-2] + 4 * dt[-1])
            dt.append(2 * w0 * dt[-1] - dt[-2] + 2 * t[-1])
            t.append(2 * w0 * t[-1] - t[-2])
        w1 = dt[s] / ddt[s]
        b = [ddt[max(j, 2)] / dt[max(j, 2)] ** 2 for j in range(s + 1)]
        a = [1 - b[j] * t[j] for j in range(s + 1)]
        others = []
        for j in range(2, s + 1):
            μ, μ_tilde = 2 * b[j] * w0 / b[j - 1], 2 * b[j] * w1 / b[j - 1]
            others.append((μ, -b[j] / b[j - 2], μ_tilde, -a[j - 1] * μ_tilde))
        return cls(b[1] * w1, tuple(others))

    def advance(self, start: Tensor, v: Tensor, dt: Tensor, velocity: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the states [A, n] a time dt [A, 1] after ``start``, whose velocities are ``v``."""
        last, now = start, start + self.first * dt * v
        for μ, ν, μ_tilde, γ_tilde in self.others:
            moved = velocity(now).mul_(μ_tilde).add_(v, alpha=γ_tilde).mul_(dt)  # in place: memory's speed bounds it
            last, now = now, moved.add_(start, alpha=1 - μ - ν).add_(now, alpha=μ).add_(last, alpha=ν)
        return now
