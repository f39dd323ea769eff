"""The learning curve of one's own kernel and data: predicted beside measured, files of strangers, and the page."""

import re
from pathlib import Path

import numpy as np
import pytest

from infwidth.__main__ import main
from infwidth.errors import SpecError
from infwidth.learning_curve import kernel_matrix, learning_curve_of, read_own

N = 160


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a file of two classes that a plane tells apart."""
    x = np.random.default_rng(0).standard_normal((N, 6)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", x=x, y=(x[:, 0] > 0).astype(np.uint8) + 3)
    return tmp_path / "mine.npz"


@pytest.mark.parametrize("kernel", ["ntk", "nngp", "rbf"])
def test_what_is_predicted_is_measured(data: Path, kernel: str) -> None:
    x, targets = read_own(data, kernel, most=N)
    assert set(np.unique(targets)) == {-1, 1}
    # Without a ridge kernels as smooth as these are worse in few dimensions than Gaussian features are.
    how = {"samples": [20, 60, 120], "noise": 0.3, "ridge": 0.3, "draws": 20}
    curve = learning_curve_of(kernel_matrix(kernel, x, n_hidden=2), targets, **how)
    np.testing.assert_allclose(curve.measured, curve.predicted, rtol=0.15)
    np.testing.assert_allclose(curve.measured_with_noise, curve.with_noise, rtol=0.15)
    assert (curve.at_best_ridge <= curve.with_noise * (1 + 1e-9)).all()
    assert (np.diff(curve.predicted) < 0).all()


def test_the_best_ridge_is_best_when_measured(data: Path) -> None:
    x, targets = read_own(data, "linear", most=N)
    kernel = kernel_matrix("rbf", x)
    best = learning_curve_of(kernel, targets, samples=[80], noise=1.0).best_ridge[0]
    errors = [
        learning_curve_of(kernel, targets, samples=[80], noise=1.0, ridge=ridge, draws=20).measured_with_noise[0]
        for ridge in (best / 30, best, 30 * best)
    ]
    assert errors[1] < errors[0]
    assert errors[1] < errors[2]


def test_the_command_prints_the_curve(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learning-curve", "rbf", str(data), "--samples", "10,40", "--csv", "--draws", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("samples,predicted,measured,error,with_noise")
    assert [line.split(",")[0] for line in lines[1:]] == ["10", "40"]
    assert main(["learning-curve", "linear", str(data), "--ridge", "0.1", "--most", "50", "--draws", "3"]) == 0
    text = capsys.readouterr().out
    assert "50 rows; eigenvalues of K/50" in text
    assert "6 of them positive" in text


def test_one_s_own_kernel_is_taken_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(1).standard_normal((40, 8))
    np.savez(tmp_path / "own.npz", kernel=x @ x.T / 8, y=x[:, 0])
    np.savez(tmp_path / "x.npz", x=x, y=x[:, 0])
    found = []
    for kernel, file in (("own", "own.npz"), ("linear", "x.npz")):
        assert main(["learning-curve", kernel, str(tmp_path / file), "--ridge", "0.5", "--csv"]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arrays", "arguments", "message"),
    [
        ({"x": np.eye(5), "y": np.arange(4.0)}, [], "x has the shape (5, 5), y (4,)"),
        ({"x": np.eye(5)}, [], "has no array 'y'; it has x"),
        ({"x": np.array([{}] * 5, dtype=object), "y": np.arange(5)}, [], "holds Python objects, which are not read"),
        ({"x": np.full((5, 2), np.nan), "y": np.arange(5)}, [], "x, row 0: holds a value that is not finite"),
        ({"x": np.array(["a"] * 5), "y": np.arange(5)}, [], "x is <U1; it must be numbers"),
        ({"x": np.eye(5), "y": np.zeros(5)}, [], "the targets are all zero"),
        ({"x": np.ones((5, 2)), "y": np.arange(5)}, [], "most rows of x are equal"),
        ({"x": np.eye(5), "y": np.arange(5)}, ["--samples", "5"], "samples must be from 1 to 4, of 5 rows"),
        ({"x": np.eye(5), "y": np.arange(5)}, ["--noise", "-1"], "ridge and noise must be finite and not negative"),
        ({"x": np.eye(5), "y": np.arange(5)}, ["--most", "2"], "--most: at least four rows are needed"),
    ],
)
def test_faults_are_named(
    arrays: dict, arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    assert main(["learning-curve", "rbf", str(tmp_path / "bad.npz"), *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said
    assert said.count("\n") == 1


def test_a_kernel_that_is_none_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learning-curve", "rbd", str(data)]) == 1
    assert "unknown kernel 'rbd' (did you mean 'rbf'?)" in capsys.readouterr().err
    with pytest.raises(SpecError, match="not positive semidefinite"):
        learning_curve_of(-np.eye(9), np.ones(9))


def test_the_page_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "learning_curves.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict = {}
    exec(example, names)
    assert len(names["curve"].samples) == 8


def test_errors_and_noise_are_in_units_of_the_power() -> None:
    x = np.random.default_rng(2).standard_normal((30, 4))
    kernel = kernel_matrix("rbf", x)
    one, ten = (learning_curve_of(kernel, scale * x[:, 0], samples=[9], ridge=0.1, draws=2) for scale in (1, 10))
    for name in ("predicted", "with_noise", "measured_with_noise", "best_ridge"):
        np.testing.assert_allclose(getattr(one, name), getattr(ten, name), rtol=1e-6)
