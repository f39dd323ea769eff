"""Teachers and students on the sphere: the closed form against points, the start, and what is refused."""

import numpy as np
import pytest

from builders import computed, expanded
from infwidth.errors import SpecError
from infwidth.papers.chizat2019 import limits
from infwidth.papers.chizat2019 import solve as computation

SCALES = {
    "name": "chizat2019.scales",
    "dimension": 4,
    "width": 6,
    "n_teacher": 3,
    "target_scale": 1.0,
    "n_examples": 20,
    "scales": [0.1, 3.0],
    "fitted": 0.3,
    "tolerance": 0.03,
    "stages": 3,
    "steps": 60,
    "n_seeds": 2,
}


def test_risks_are_means_over_the_sphere() -> None:
    rng = np.random.default_rng(0)
    w, a, teacher, signs = (
        rng.normal(size=(2, 5, 3)),
        rng.normal(size=(2, 5)),
        rng.normal(size=(3, 3)),
        np.array([1, -1, 1]),
    )
    x = rng.normal(size=(200_000, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.maximum(x @ teacher.T, 0) @ signs
    sampled = [0.5 * ((np.maximum(x @ net.T, 0) @ readout - y) ** 2).mean() for net, readout in zip(w, a, strict=True)]
    np.testing.assert_allclose(limits.risk(w, a, teacher, signs), sampled, rtol=0.01)


def test_a_student_that_is_its_teacher_has_no_risk() -> None:
    teacher, signs = np.eye(3), np.array([1.0, -1.0, 1.0])
    assert limits.risk(teacher[None], signs[None], teacher, signs) == pytest.approx(0, abs=1e-12)
    assert limits.risk(np.zeros((1, 3)), np.zeros(1), teacher, signs) > 0.1


def test_students_in_pairs_begin_at_nothing_and_learn() -> None:
    rows = computed(**SCALES)
    for τ in ("0.1", "3.0"):
        of_scale = rows[rows.layer == τ].set_index("metric").value
        assert (of_scale["least_relative_risk"] <= 1 + 1e-12).all()  # that of f = 0, where they begin
    assert rows[(rows.metric == "fitted") & (rows.layer == "0.1")].value.all()


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_students_follow_the_flow_of_the_function_whose_risk_is_taken(power: float) -> None:
    (cell,) = expanded(solve={**SCALES, "name": "chizat2019.widths", "powers": [power], "n_examples": 40_000})
    spec = cell.spec.solve
    shape, x, y = computation._problem(spec, np.arange(2), power)
    nets = np.random.default_rng(1).normal(size=(2, spec.width, spec.dimension + 1))
    f, _ = shape.forward(computation._flat(nets), x)
    sampled = 0.5 * ((f - y) ** 2).mean(1).numpy() / [computation._power(spec, seed) for seed in range(2)]
    np.testing.assert_allclose(computation._risks(spec, nets, power), sampled, rtol=0.02)


def test_scales_without_meaning_are_refused() -> None:
    with pytest.raises(SpecError, match="scales"):
        expanded(solve={**SCALES, "scales": [0.0]})
