"""Stacked vision transformers against single ones under torch's Adam, and what width and depth do to them."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from infwidth.data.images import Images
from infwidth.data.streams import Batches
from infwidth.errors import SpecError
from infwidth.solve.vit_sweep import Spec, net, plan, rows
from infwidth.specs.block import read

_X = torch.randn(12, 1, 5, 6, generator=torch.Generator().manual_seed(5))
IMAGES = Images(_X, torch.arange(12) % 3, _X[:2], torch.arange(2), 3, "toy", "")
NETS = {
    "name": "vit_sweep",
    "rule": "mup",
    "width": 16,
    "base_width": 8,
    "n_heads": 2,
    "n_blocks": 2,
    "base_blocks": 1,
    "branch_power": "1/2",
    "mlp_ratio": 2,
    "patch_size": 2,
    "lr": [0.004, 0.03],
    "steps": 4,
    "late_part": 0.5,
    "batch_size": 6,
    "n_seeds": 2,
}


def spec(**changed: object) -> Spec:
    return read(Spec, NETS | changed, where="a test")


def attention(z: torch.Tensor, layers: dict[str, torch.Tensor], heads: int, divisor: float) -> torch.Tensor:
    """Return what an attention adds to a stream whose norm is z [P, T, N], a head after the other."""
    q, k, v = (z @ layers[name].T for name in ("query", "key", "value"))
    d = z.shape[-1] // heads
    mixed = []
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        logits = torch.einsum("pid,pjd->pij", q[..., own], k[..., own]) / divisor
        mixed.append(logits.softmax(-1) @ v[..., own])
    return torch.cat(mixed, -1) @ layers["out"].T


def logits(weights: dict[str, torch.Tensor], x: torch.Tensor, *, branch: float, divisor: float) -> torch.Tensor:
    """Return the logits [P, k] of a net of two blocks and two heads, written out; patches are 2 × 2."""

    def norm(name: str, h: torch.Tensor) -> torch.Tensor:
        centred = h - h.mean(-1, keepdim=True)
        size = (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return centred / size * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    places = [(i, j) for i in range(0, 4, 2) for j in range(0, 6, 2)]
    patches = torch.stack([x[:, 0, i : i + 2, j : j + 2].flatten(1) for i, j in places], 1)
    h = patches @ weights["patches.weight"].flatten(1).T + weights["position.weight"]
    for block in ("blocks.0", "blocks.1"):
        inside = f"{block}.attention.branch."
        layers = {name: weights[f"{inside}{name}.weight"] for name in ("query", "key", "value", "out")}
        h = h + branch * attention(norm(f"{inside}norm", h), layers, 2, divisor)
        inside = f"{block}.mlp.branch."
        up = norm(f"{inside}norm", h) @ weights[f"{inside}up.weight"].T
        h = h + branch * (up * (1 + torch.erf(up / 2**0.5)) / 2) @ weights[f"{inside}down.weight"].T
    return norm("norm", h).mean(1) @ weights["readout.weight"].T


def single(of: Spec, lr: float, seed: int, **forward: float) -> Iterator[float]:
    """Yield the losses of one net under torch's Adam, from the starts and at the rates of its plan."""
    model, its = net(of, IMAGES), plan(of, IMAGES, lr)
    its.init_(model, seed)
    weights = dict(model.named_parameters())
    descent = torch.optim.Adam([{"params": w, "lr": its[name].lr, "eps": its[name].eps} for name, w in weights.items()])
    batches = Batches(12, of.batch_size)
    for step in range(of.steps):
        seen = batches.indices(step)
        loss = cross_entropy(logits(weights, _X[seen], **forward), IMAGES.y_train[seen])
        yield loss.item()
        descent.zero_grad()
        loss.backward()
        descent.step()


@pytest.mark.parametrize(
    ("changed", "branch", "divisor"),
    [
        ({}, 2**-0.5, 8 / 4**0.5),  # d / √d0 of d = 8 and d0 = 4; √(L0/L)
        ({"rule": "sp", "branch_power": "0"}, 1.0, 8**0.5),
    ],
)
def test_stacked_nets_train_as_nets_written_out_do(changed: dict, branch: float, divisor: float) -> None:
    of = spec(**changed)
    found = rows(of, IMAGES).frame()
    assert set(found.metric) == {"late_loss"}
    assert dict(net(of, IMAGES).named_parameters())["blocks.1.mlp.branch.up.weight"].shape == (2 * 16, 16)
    for lr in of.lr:
        for seed in range(2):
            losses = list(single(of, lr, seed, branch=branch, divisor=divisor))
            mine = found[(found.lr == lr) & (found.seed == seed)].value.item()
            assert mine == pytest.approx(np.mean(losses[-2:]), abs=2e-4)
    assert found.value.std() > 0.01


def test_rates_fall_with_the_width_in_mup_and_with_the_depth_where_branches_do() -> None:
    def rates(**changed: object) -> dict[str, float]:
        its = plan(spec(**{"base_width": 8, "base_blocks": 2} | changed), IMAGES, 1.0)
        return {name: round(p.lr, 6) for name, p in its.items()}

    base, wide, deep = rates(width=8), rates(width=32), rates(width=8, n_blocks=8)
    assert set(base.values()) == set(rates(width=32, rule="sp").values()) == {1.0}
    assert set(rates(width=8, n_blocks=8, branch_power="0").values()) == {1.0}
    hidden = {"query", "key", "value", "out", "up", "down", "readout"}
    for name, rate in wide.items():
        assert rate == (1 / 4 if name.split(".")[-2] in hidden else 1.0), name
    for name, rate in deep.items():
        assert rate == (1 / 2 if name.startswith("blocks.") else 1.0), name


def test_rules_are_one_net_at_base_width_and_depth_only() -> None:
    def losses(**changed: object) -> np.ndarray:
        return rows(spec(steps=2, lr=[0.01], base_blocks=2, **changed), IMAGES).frame().value.to_numpy()

    one = losses(width=8)
    np.testing.assert_array_equal(one, losses(width=8, rule="sp", branch_power="0"))
    assert not np.allclose(losses(width=16), losses(width=16, rule="sp"), atol=1e-4)


def test_a_net_that_diverges_has_a_row_and_no_loss() -> None:
    images = Images(_X.clone(), IMAGES.y_train, _X[:2], torch.arange(2), 3, "toy", "")
    images.x_train[Batches(12, 6).indices(1)[0]] = torch.inf
    found = rows(spec(lr=[0.01]), images).frame()
    assert found[["metric", "step", "value"]].to_numpy().tolist() == [["diverged", 1, 1.0]] * 2


def test_heads_share_both_widths() -> None:
    for changed in ({"width": 17}, {"base_width": 7}):
        with pytest.raises(SpecError, match="cannot be divided among 2 heads"):
            spec(**changed)
