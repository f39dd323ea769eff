"""What figures and claims share: noises over the power that is left, phases, values that the paper reports."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table
from infwidth.limits.learning_curves import critical_points, double_descent_noise, one_peak_noise

#: Of the measured curves, a turn of less than this part of the error is none.
TOLERANCE = 0.03

#: The paper's noise in units of the target's power: 0.0285, 0.0906 and 0.1439 over the eigenvalue of degree one, 1/25.
NOISES = (0.7125, 2.265, 3.5975)
#: Theory's error for the middle noise that the paper reports, at P = 10^0.5 … 10^4.5 in equal steps, over that power.
REPORTED_P = np.logspace(0.5, 4.5, 20)
REPORTED_NTK = np.array(
    (
        *(0.0455, 0.0464, 0.0466, 0.0462, 0.0453, 0.0432, 0.0394, 0.0359, 0.0367, 0.0428),
        *(0.0482, 0.0430, 0.0306, 0.0200, 0.0132, 0.0096, 0.0082, 0.0084, 0.0098, 0.0115),
    )
)


def pairs(table: Table) -> pd.DataFrame:
    """Return ridge, noise and the critical points of measured and of theory's curve, for every pair (layer).

    Measured: of the mean over training sets, turns of more than TOLERANCE. ``expected`` are those of the phase, and
    ``clear`` tells whether theory's own curve, on the same P, has turns that large or none.
    """
    theory, nets = table.limit("test_error"), table.nets("test_error")
    records = []
    for layer in nets.layer.unique().tolist():
        rows = nets[nets.layer == layer]
        ridge, noise = map(float, layer.split())
        mean = rows.groupby("step").value.mean()
        exact = theory[theory.layer == layer].set_index("step").value
        expected = phase(ridge, noise)
        same = critical_points(exact.reindex(mean.index), tolerance=TOLERANCE)
        measured = critical_points(mean, tolerance=TOLERANCE)
        records.append((ridge, noise, measured, expected, same == expected))
    return pd.DataFrame(records, columns=["ridge", "noise", "measured", "expected", "clear"])


def phase(ridge: float, noise: float) -> int:
    """Return how many critical points theory's curve has."""
    if noise > one_peak_noise(ridge):
        return 1
    return 2 if noise > double_descent_noise(ridge) else 0


def with_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of layers "λ̃ σ̃²" with columns ridge and noise."""
    parts = rows.layer.str.split(expand=True).astype(float)
    return rows.assign(ridge=parts[0], noise=parts[1])


def best_ridges(table: Table, step: int) -> pd.DataFrame:
    """Return for every noise and training set (seed) the ridge (value) of the least measured error at that step.

    A parabola in log λ through the best and its neighbours; at an end of the grid it is that ridge. Noises are those
    between the smallest and the largest ridge.
    """
    rows = table.at(step=step).nets("test_error")
    rows = with_pairs(rows)
    records = []
    inside = rows[(rows.noise > rows.ridge.min()) & (rows.noise < rows.ridge.max())]
    for noise, of in inside.groupby("noise"):
        errors = of.pivot(index="seed", columns="ridge", values="value")
        logs = np.log(errors.columns.to_numpy(float))
        for seed, curve in errors.iterrows():
            best = int(np.argmin(curve))
            log_ridge = logs[best]
            if 0 < best < len(logs) - 1:
                near = slice(best - 1, best + 2)
                a, b, _ = np.polyfit(logs[near], np.log(curve.to_numpy()[near]), 2)
                log_ridge = -b / (2 * a)
            records.append((noise, seed, float(np.exp(log_ridge))))
    return pd.DataFrame(records, columns=["noise", "seed", "value"])


def shell_ridges(table: Table) -> pd.DataFrame:
    """Return for every variance and the degrees 1 and 2 the effective ridge λ̃, what is beyond over what is in, and N.

    Columns: variance, index (the degree), ridge, multiplicity.
    """
    records = []
    for variance in table.values("variance"):
        of = table.at(variance=variance)
        eigenvalues, counts = (
            of.limit(name).sort_values("index").value.to_numpy() for name in ("eigenvalue", "multiplicity")
        )
        shares = np.maximum(eigenvalues, 0.0) * counts
        rest = of.limit("rest").value.item()
        for k in (1, 2):
            records.append((variance, k, (shares[k + 1 :].sum() + rest) / shares[k], counts[k]))
    return pd.DataFrame(records, columns=["variance", "index", "ridge", "multiplicity"])


def peak(steps: np.ndarray, errors: np.ndarray, near: float) -> float:
    """Return at which P, within a factor of two of ``near``, a curve is highest: at an end of these, if it has no peak.

    Where none of these was measured, of all P.
    """
    inside = (near / 2 <= steps) & (steps <= 2 * near)
    inside = inside if inside.any() else np.ones(len(steps), bool)
    return float(steps[inside][errors[inside].argmax()])


#: Noise over the target's power, and the powers of degrees 0 to 3, in the experiment on multiple descent.
DESCENT_NOISE, DESCENT_POWERS = 0.35, (0.0, 0.6, 0.3, 0.1)


def with_noise(signal: pd.DataFrame, gain: pd.DataFrame, noise: float = DESCENT_NOISE) -> pd.DataFrame:
    """Return the rows of errors with noise of that variance."""
    at = ["seed", "step"]
    both = signal.merge(gain[[*at, "value"]].rename(columns={"value": "gain"}), on=at)
    return both.assign(value=both.value + noise * both.gain)


def shell_noise(degree: int) -> float:
    """Return the effective noise of a shell: that of labels and the power of higher degrees, over its own power."""
    return (DESCENT_NOISE + sum(DESCENT_POWERS[degree + 1 :])) / DESCENT_POWERS[degree]


def reported_power(table: Table) -> float:
    """Return the power of the paper's linear target: the kernel's eigenvalue of degree one."""
    eigenvalues = table.limit("eigenvalue")
    return float(eigenvalues.value[eigenvalues["index"] == 1].item())
