"""Stacked transformers over depths against single ones under torch's Adam, and what depth does to their rates."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from infwidth.data.streams import Batches
from infwidth.data.tokens import Windows
from infwidth.errors import SpecError
from infwidth.solve.depth_sweep import Spec, net, plan, rows
from infwidth.specs.block import read

_IDS = torch.randint(0, 7, (10, 5), generator=torch.Generator().manual_seed(5))
TEXT = Windows(_IDS[:, :-1], _IDS[:, 1:], _IDS[:2, :-1], _IDS[:2, 1:], 7, "toy", "")
NETS = {
    "name": "depth_sweep",
    "width": 8,
    "n_heads": 2,
    "n_blocks": 2,
    "base_blocks": 1,
    "branch_power": "1",
    "mlp_ratio": 2,
    "lr": [0.004, 0.03],
    "steps": 4,
    "late_part": 0.5,
    "batch_size": 6,
    "probe_windows": 3,
    "n_seeds": 2,
}
SCALES = {"0": 1.0, "1/2": 0.5**0.5, "1": 0.5}


def spec(**changed: object) -> Spec:
    return read(Spec, NETS | changed, where="a test")


def beyond(branch: torch.nn.Module, start: dict[str, torch.Tensor], h: torch.Tensor) -> float:
    """Return what a trained branch's change is beyond linear, over the linear part, by reverse mode taken twice."""
    names = list(start)
    end = {name: w.detach() for name, w in branch.named_parameters()}

    def at(*weights: torch.Tensor) -> torch.Tensor:
        with sdpa_kernel(SDPBackend.MATH):
            return torch.func.functional_call(branch, dict(zip(names, weights, strict=True)), (h,))

    moved = tuple(end[name] - start[name] for name in names)
    before, linear = torch.autograd.functional.jvp(at, tuple(start.values()), moved)
    return ((at(*end.values()) - before - linear).norm() / linear.norm()).item()


@pytest.mark.parametrize("power", SCALES)
def test_stacked_nets_train_as_single_ones_do(power: str) -> None:
    of = spec(branch_power=power)
    found = rows(of, TEXT).frame()
    for lr, seed in ((0.004, 1), (0.03, 0)):
        model, its, losses = net(of, TEXT), plan(of, TEXT, lr), []
        its.init_(model, seed)
        assert [r.scale for r in (model.blocks[1].attention, model.blocks[0].mlp)] == pytest.approx([SCALES[power]] * 2)
        start = {name: w.detach().clone().double() for name, w in model.named_parameters()}
        descent = its.optimizer(model)
        for step in range(of.steps):
            seen = Batches(10, 6).indices(step)
            loss = cross_entropy(model(TEXT.x_train[seen]).flatten(0, 1), TEXT.y_train[seen].flatten())
            losses.append(loss.item())
            descent.zero_grad()
            loss.backward()
            descent.step()
        mine = found[(found.lr == lr) & (found.seed == seed)].set_index(["metric", "layer", "index"]).value
        assert mine["late_loss"].item() == pytest.approx(np.mean(losses[-2:]), abs=1e-5)
        model = model.double()
        with torch.no_grad():
            h = model.embed(TEXT.x_train[:3]) + model.position(torch.arange(4))
        for number, block in enumerate(model.blocks):
            for kind in ("attention", "mlp"):
                prefix = f"blocks.{number}.{kind}.branch."
                before = {n.removeprefix(prefix): w for n, w in start.items() if n.startswith(prefix)}
                ratio = beyond(getattr(block, kind).branch, before, h)
                assert mine["beyond_linear", kind, number] == pytest.approx(ratio, rel=2e-3)
                with torch.no_grad():
                    h = getattr(block, kind)(h)


@pytest.mark.parametrize(("power", "lr", "eps"), [("0", 1.0, 1.0), ("1/2", 0.5, 0.5), ("1", 1.0, 0.25)])
def test_rates_and_eps_of_branches_follow_the_depth(power: str, lr: float, eps: float) -> None:
    for name, its in plan(spec(n_blocks=4, branch_power=power), TEXT, 1.0).items():
        inside = name.startswith("blocks.")
        assert its.lr == pytest.approx(lr if inside else 1.0), name
        assert its.eps == pytest.approx(1e-8 * (eps if inside else 1.0)), name


def test_rules_are_one_net_at_the_base_depth_and_others_beyond() -> None:
    def values(**changed: object) -> np.ndarray:
        return rows(spec(steps=2, lr=[0.01], **changed), TEXT).frame().value.to_numpy()

    base, *others = (values(n_blocks=1, branch_power=power) for power in SCALES)
    for other in others:
        np.testing.assert_array_equal(base, other)
    deep = [values(branch_power=power) for power in SCALES]
    assert not np.allclose(deep[0], deep[1])
    assert not np.allclose(deep[1], deep[2])


def test_a_net_that_diverges_has_the_update_and_no_branches() -> None:
    found = rows(spec(lr=[1e30]), TEXT).frame()
    assert set(found.metric) == {"diverged"}
    assert (found.value == found.step).all()


def test_heads_divide_the_width() -> None:
    with pytest.raises(SpecError, match="8 cannot be divided among 3 heads"):
        spec(n_heads=3)
