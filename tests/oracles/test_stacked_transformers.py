"""Stacks of transformers against the house's own net and optimizer, and against torch's post-norm layers."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.models.transformer import Transformer
from infwidth.solve.stacked_transformers import Member, StackedTransformers, Transformers, plan, schedule_factor

CONTEXT, VOCABULARY, WIDTH, HEADS, BLOCKS = 5, 11, 16, 2, 2


def _block(rule: str, norm: str, width: int = WIDTH) -> Transformers:
    sizes = {"base_width": 8, "base_head_width": 4, "base_mlp_ratio": 2, "mlp_ratio": 2, "n_heads": HEADS}
    return Transformers.model_validate(
        {"name": "transformer_sweep", "rule": rule, "norm": norm, "width": width, "n_blocks": BLOCKS, **sizes}
    )


def _stack(spec: Transformers, members: list[Member]) -> StackedTransformers:
    return StackedTransformers(spec, members, context=CONTEXT, vocabulary=VOCABULARY, dtype=torch.float64)


def _texts(steps: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    ids = torch.randint(VOCABULARY, (steps, 3, CONTEXT + 1), generator=torch.Generator().manual_seed(0))
    return [(text[:, :-1], text[:, 1:]) for text in ids]


@pytest.mark.parametrize("rule", ["sp", "mup"])
def test_pre_norm_nets_train_as_the_net_of_trainings_does_by_its_plan(rule: str) -> None:
    spec = _block(rule, "pre")
    members = [Member(0, 0.01), Member(3, 0.02, schedule="linear")]
    stack, texts, d = _stack(spec, members), _texts(6), WIDTH // HEADS
    losses = torch.stack([stack.step(x, y, step / 6) for step, (x, y) in enumerate(texts)], 1)
    for member, found in zip(members, losses, strict=True):
        net = Transformer(
            (CONTEXT,), VOCABULARY, width=WIDTH, n_heads=HEADS, n_blocks=BLOCKS, mlp_ratio=2.0,
            attention_multiplier=math.sqrt(d if rule == "sp" else 4), branch_multiplier=1.0, branch_power="0",
        )  # fmt: skip
        its = plan(spec, member.lr, CONTEXT, VOCABULARY)
        its.init_(net, member.seed)
        net.double()
        optimizer = its.optimizer(net)
        rates = [group["lr"] for group in optimizer.param_groups]
        for step, (x, y) in enumerate(texts):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * schedule_factor(member.schedule, step / 6)
            loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
            assert loss.item() == pytest.approx(float(found[step]), abs=1e-10)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert ((losses[:, -1] - losses[:, 0]).abs() > 1e-3).all()


def test_post_norm_nets_are_torchs() -> None:
    stack = _stack(_block("sp", "post"), [Member(1, 0.01, init_scale=0.5, output_multiplier=3.0)])
    texts = _texts(3)
    for x, y in texts:  # so that no weight is zero, no gain one
        stack.step(x, y, 0.0)
    w = {name: stack.weights[name][0].detach() for name in stack.weights}
    x = texts[0][0]
    h = w["token.weight"][x] + w["position.weight"]
    mask = torch.full((CONTEXT, CONTEXT), -torch.inf, dtype=torch.float64).triu(1)
    for depth in range(BLOCKS):
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, dtype=torch.float64
        )
        nn.init.zeros_(layer.self_attn.in_proj_bias), nn.init.zeros_(layer.linear1.bias)
        nn.init.zeros_(layer.self_attn.out_proj.bias), nn.init.zeros_(layer.linear2.bias)
        attention, mlp = (f"blocks.{depth}.{part}.branch." for part in ("attention", "mlp"))
        with torch.no_grad():
            layer.self_attn.in_proj_weight.copy_(
                torch.cat([w[f"{attention}{n}.weight"] for n in ("query", "key", "value")])
            )
            for own, name in (
                (layer.self_attn.out_proj.weight, f"{attention}out.weight"),
                (layer.linear1.weight, f"{mlp}up.weight"),
                (layer.linear2.weight, f"{mlp}down.weight"),
                (layer.norm1.weight, f"{attention}norm.weight"),
                (layer.norm1.bias, f"{attention}norm.bias"),
                (layer.norm2.weight, f"{mlp}norm.weight"),
                (layer.norm2.bias, f"{mlp}norm.bias"),
            ):
                own.copy_(w[name])
            h = layer(h, src_mask=mask)
    logits, _ = stack.forward(x)
    torch.testing.assert_close(logits[0], 3.0 * (h @ w["readout.weight"].T).flatten(0, 1))


def test_rules_are_one_net_at_the_base_width_and_two_above() -> None:
    def losses(rule: str, width: int) -> list[float]:
        stack = _stack(_block(rule, "post", width), [Member(0, 0.01)])
        return [float(stack.step(x, y, 0.0)) for x, y in _texts(4)]

    assert losses("sp", 8) == losses("mup", 8)
    assert losses("sp", 16)[2] != losses("mup", 16)[2]


def test_multipliers_of_outputs_and_attention_are_gauges_of_starts_and_rates() -> None:
    """α_attn is the factor of the queries' weights, which start at zero: Adam learns the same at α times the rate."""
    spec, texts = _block("mup", "post"), _texts(4)
    usual, changed = _stack(spec, [Member(0, 0.01)]), _stack(spec, [Member(0, 0.01, 2.0, 2.0)])
    for name, rate in usual._rates.items():
        if "query" in name or "readout" in name:
            usual._rates[name] = 2.0 * rate
    for x, y in texts:
        expected, found = usual.step(x, y, 0.0), changed.step(x, y, 0.0)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)  # but for Adam's eps


def test_schedules_start_at_the_whole_rate_and_never_rise() -> None:
    for schedule in ("constant", "linear", "cosine", "inverse_root", "two_steps", "two_early_steps"):
        factors = [schedule_factor(schedule, step / 20) for step in range(20)]
        assert factors[0] == 1.0
        assert all(0 < after <= before for before, after in pairwise(factors))
    assert schedule_factor("two_steps", 0.9) == pytest.approx(0.01)
    assert schedule_factor("two_early_steps", 0.5) == pytest.approx(0.3)


def test_the_scale_of_starts_is_that_of_hidden_matrices_alone() -> None:
    weights = _stack(_block("mup", "post"), [Member(0, 0.01), Member(0, 0.01, init_scale=0.5)]).weights
    scales = {name: (stack[1].norm() / stack[0].norm()).item() for name, stack in weights.items() if stack[0].any()}
    halved = {name for name, scale in scales.items() if scale == pytest.approx(0.5)}
    assert {name.split(".")[-2] for name in halved} == {"key", "value", "out", "up", "down"}
    assert {scales[name] for name in scales.keys() - halved} == {1.0}
