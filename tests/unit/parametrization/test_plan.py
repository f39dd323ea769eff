"""The plan: numbers at and away from the base width, initialisation, the optimizer it makes, refusals."""

import math

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import RULES, Role, parametrize


def mlp(n, d=6, k=3, m=None):
    return nn.Sequential(nn.Linear(d, n), nn.ReLU(), nn.Linear(n, m or n), nn.ReLU(), nn.Linear(m or n, k))


def every_rule():
    return [(rule, {"richness": "1/4"} if "gauge" in rule or rule == "stp" else {}) for rule in RULES]


@pytest.mark.parametrize("layer_lr", ["uniform", "variance"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_all_rules_coincide_at_base_width_bit_for_bit(optimizer, layer_lr):
    def plan(rule, **kwargs):
        return parametrize(
            mlp(49),
            mlp(49),
            rule,
            optimizer=optimizer,
            lr=0.1,
            weight_decay=0.3,
            layer_lr=layer_lr,
            readout_scale=0.7,
            delta_model=mlp(50),
            **kwargs,
        ).parameters

    plans = [plan(rule, **kwargs) for rule, kwargs in every_rule()]
    assert all(other == plans[0] for other in plans)
    if layer_lr == "uniform":
        assert {entry.lr for entry in plans[0].values()} == {0.1}
        assert {entry.weight_decay for entry in plans[0].values()} == {0.3}
        assert {entry.eps for entry in plans[0].values()} == {1e-8}
    stds = [entry.init_std for entry in plans[0].values()]
    assert stds == [1 / math.sqrt(6), 0, 1 / math.sqrt(49), 0, 0.7 / math.sqrt(49), 0]


def test_absolute_rule_is_karkadas_anatomy_at_width_512():
    # the companion's printed 'mup-lr' anatomy of 784-512-512-10 (notes, lazy_and_rich §1.5), to its printed digits
    plan = parametrize(
        mlp(512, 784, 10), mlp(1, 784, 10), "stp", richness="1/2", optimizer="sgd", lr=1.0, layer_lr="variance"
    )
    printed = [(plan[name].init_std, plan[name].lr) for name in ("0.weight", "2.weight", "4.weight")]
    for (std, lr), (std_printed, lr_printed) in zip(
        printed, [(0.0358, 0.6531), (0.0441, 1.0), (0.0020, 0.0020)], strict=True
    ):
        # the printed stds are empirical
        assert std == pytest.approx(std_printed, abs=1.5e-4)
        assert lr == pytest.approx(lr_printed, abs=6e-5)
    model = mlp(512, 784, 10)
    plan.init_(model, 0)
    assert model[0].weight.std().item() == pytest.approx(1 / math.sqrt(784), rel=0.01)
    assert model[4].weight.std().item() == pytest.approx(1 / 512, rel=0.05)


@pytest.mark.parametrize(
    ("optimizer", "lrs"),
    [("sgd", {"input": 64, "hidden": 1, "output": 1 / 64}), ("adam", {"input": 1, "hidden": 1 / 64, "output": 1 / 64})],
)
def test_mup_on_a_base_of_width_one_is_table_3_of_tp5(optimizer, lrs):
    plan = parametrize(mlp(64), mlp(1), "mup", optimizer=optimizer, lr=1.0)
    for entry in plan.values():
        if entry.role in lrs:
            assert entry.lr == lrs[entry.role]
        elif entry.role is Role.BIAS:
            assert entry.lr == lrs["input"]
        else:
            assert entry.lr == 1
    variances = [plan[name].init_std ** 2 for name in ("0.weight", "2.weight", "4.weight")]
    assert variances == pytest.approx([1 / 6, 1 / 64, 1 / 64**2])


def test_different_growth_of_fan_in_and_fan_out_is_table_8():
    plan = parametrize(mlp(8, m=32), mlp(4, m=4), "mup", optimizer="sgd", lr=0.5)
    assert plan["2.weight"].lr == 0.5 * 8 / 2  # eta k/m
    assert plan["2.weight"].init_std == 1 / math.sqrt(8)
    assert plan["4.weight"].lr == 0.5 / 8
    adam = parametrize(mlp(8, m=32), mlp(4, m=4), "mup", optimizer="adam", lr=0.5)
    assert adam["2.weight"].lr == 0.5 / 2


def test_variance_rates_are_one_rate_for_unit_variance_weights():
    plan = parametrize(
        mlp(16),
        mlp(16),
        "ntk",
        optimizer="sgd",
        lr=2.0,
        layer_lr="variance",
        init_gain=3.0,
        readout_scale=0.5,
        delta_model=mlp(8),
    )
    for entry in plan.values():
        assert entry.lr == pytest.approx(2.0 * (entry.init_std**2 or 1.0), rel=1e-14)
    # gamma form: gamma = gamma_0 √N, LR = eta_0 gamma_0² N in unit-variance weights (wide_network_dynamics §2.1)
    base, width, gamma, eta = 16, 64, 0.3, 0.1
    native = parametrize(
        mlp(width),
        mlp(base),
        "mup",
        optimizer="sgd",
        lr=eta * gamma**2 * base,
        layer_lr="variance",
        readout_scale=1 / (gamma * math.sqrt(base)),
    )
    rate = eta * gamma**2 * width
    assert native["0.weight"].lr == pytest.approx(rate / 6)
    assert native["2.weight"].lr == pytest.approx(rate / width)
    assert native["4.weight"].lr == pytest.approx(rate / (gamma * width) ** 2)
    assert native["4.weight"].init_std == pytest.approx(1 / (gamma * width))


def test_weight_decay_keeps_its_product_with_the_rate():
    for rule, kwargs in every_rule():
        for layer_lr in ("uniform", "variance"):
            plan = parametrize(
                mlp(32), mlp(8), rule, optimizer="sgd", lr=0.2, weight_decay=1e-2, layer_lr=layer_lr, **kwargs
            )
            assert [entry.lr * entry.weight_decay for entry in plan.values()] == pytest.approx([2e-3] * 6, rel=1e-14)


def test_eps_follows_the_gradient():
    plan = parametrize(mlp(32), mlp(8), "mup", optimizer="adam", lr=0.1, eps=1e-4)
    assert [entry.eps for entry in plan.values()] == [1e-4 / 4] * 4 + [1e-4] * 2
    ntk = parametrize(mlp(32), mlp(8), "ntk", optimizer="adam", lr=0.1, eps=1e-4)
    assert ntk["2.weight"].eps == 1e-4 / 2


def test_zero_readout_keeps_its_rates():
    kwargs = {"optimizer": "sgd", "lr": 0.1, "layer_lr": "variance"}
    zero = parametrize(mlp(32), mlp(8), "mup", zero_readout=True, **kwargs)
    plain = parametrize(mlp(32), mlp(8), "mup", **kwargs)
    assert zero["4.weight"].init_std == 0
    assert zero["4.weight"].lr == plain["4.weight"].lr
    model = mlp(32)
    zero.init_(model, 0)
    assert not model[4].weight.any()
    for kwarg in ({"zero_readout": True}, {"readout_scale": 0.5}):
        with pytest.raises(SpecError, match="pass delta_model"):
            parametrize(mlp(8), mlp(8), "mup", optimizer="sgd", lr=0.1, **kwarg)


def test_init_draws_are_shared_by_rules_gains_and_dtypes():
    def start(rule, dtype=torch.float64, seed=0, **kwargs):
        model = mlp(32).to(dtype)
        parametrize(mlp(32), mlp(8), rule, optimizer="sgd", lr=0.1, **kwargs).init_(model, seed)
        return {name: p.detach() for name, p in model.named_parameters()}

    mup, ntk, doubled = start("mup"), start("ntk"), start("mup", init_gain=2.0)
    assert torch.equal(mup["2.weight"], ntk["2.weight"])
    assert torch.allclose(mup["4.weight"] * 2, ntk["4.weight"], rtol=1e-15)
    assert torch.equal(mup["0.weight"] * 2, doubled["0.weight"])
    single = start("mup", torch.float32)
    assert all(torch.equal(single[name], mup[name].float()) for name in mup)
    assert not torch.equal(start("mup", seed=1)["2.weight"], mup["2.weight"])
    assert not mup["0.bias"].any()
    assert mup["2.weight"].std().item() == pytest.approx(1 / math.sqrt(32), rel=0.1)
    twins = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    parametrize(twins, twins, "mup", optimizer="sgd", lr=0.1).init_(twins, 0)
    assert not torch.equal(twins[0].weight, twins[1].weight)


def test_init_of_norms_and_embeddings():
    def net(n):
        return nn.Sequential(nn.Embedding(50, n), nn.LayerNorm(n), nn.Linear(n, 2))

    model = net(64)
    parametrize(model, net(8), "mup", optimizer="sgd", lr=0.1).init_(model, 0)
    assert model[0].weight.std().item() == pytest.approx(1, rel=0.05)
    assert torch.equal(model[1].weight, torch.ones(64))
    assert not model[1].bias.any()


def test_optimizer_groups():
    model = mlp(32)
    plan = parametrize(model, mlp(8), "mup", optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=1e-3)
    optimizer = plan.optimizer(model)
    assert type(optimizer) is torch.optim.SGD
    assert len(optimizer.param_groups) == 3
    for group in optimizer.param_groups:
        assert group["momentum"] == 0.9
        for name in group["param_names"]:
            assert (group["lr"], group["weight_decay"]) == (plan[name].lr, plan[name].weight_decay)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 6
    adamw = parametrize(model, mlp(8), "mup", optimizer="adamw", lr=0.1, betas=(0.8, 0.9), eps=1e-6).optimizer(model)
    assert type(adamw) is torch.optim.AdamW
    assert {group["betas"] for group in adamw.param_groups} == {(0.8, 0.9)}
    assert {group["eps"] for group in adamw.param_groups} == {1e-6, 1e-6 / 4}
    model[0].requires_grad_(False)
    assert sum(len(group["params"]) for group in plan.optimizer(model).param_groups) == 4


def test_replace_and_table():
    plan = parametrize(mlp(32), mlp(8), "mup", optimizer="sgd", lr=0.1)
    other = plan.replace("4.weight", lr=7.0)
    assert (other["4.weight"].lr, other["2.weight"], plan["4.weight"].lr) == (7.0, plan["2.weight"], 0.1 / 4)
    assert [row["parameter"] for row in plan.table()] == list(plan)
    assert plan.table()[4]["role"] == "output"
    assert parametrize(mlp(8), mlp(8), "mup", optimizer="sgd", lr=0.1).table()[4]["role"] == "unknown"
    with pytest.raises(SpecError, match=r"did you mean '4\.weight'"):
        plan.replace("4.wight", lr=1.0)
    with pytest.raises(SpecError, match="made for another model"):
        plan.init_(nn.Linear(3, 3), 0)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"optimizer": "sdg"}, "did you mean 'sgd'"),
        ({"lr": 0.0}, "lr is 0.0"),
        ({"lr": math.inf}, "lr is inf"),
        ({"lr": math.nan}, "lr is nan"),
        ({"momentum": -0.1}, "momentum is -0.1"),
        ({"momentum": 1.0}, "momentum is 1.0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"init_gain": 0.0}, "init_gain is 0.0"),
        ({"readout_scale": 0.0}, "zero_readout=True"),
        ({"betas": (0.9, 1.0)}, r"betas\[1\] is 1.0"),
        ({"optimizer": "adam", "weight_decay": 0.1}, "adamw"),
        ({"optimizer": "adam", "momentum": 0.9}, "belongs to sgd"),
        ({"layer_lr": "variances"}, "uniform or variance"),
        ({"lr": "0.1"}, "lr is '0.1', which is no number"),
        ({"momentum": None}, "momentum is None, which is no number"),
        ({"optimizer": torch.optim.SGD}, "it is sgd, adam, adamw"),
        ({"model": nn.Linear}, "the class Linear was given for a model"),
        ({"base_model": "narrow"}, "a str was given for a model"),
        ({"model": torch.jit.script(mlp(8))}, "make the plan of the plain model"),
        ({"rule": "mupp"}, "did you mean 'mup'"),
    ],
)
def test_refusals(kwargs, message):
    with pytest.raises(SpecError, match=message):
        parametrize(**{"model": mlp(8), "base_model": mlp(4), "rule": "mup", "optimizer": "sgd", "lr": 0.1} | kwargs)
