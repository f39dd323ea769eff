"""Measured exponents in the width: the coordinate check with its negative controls, feature motion, largest rate."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.models import build_model
from infwidth.parametrization import coordinate_check, parametrize

WIDTHS = (64, 128, 256, 512)
WIDE = (256, 512, 1024)
D = 16


def normal(key, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(key))


INPUTS, TARGETS = normal(0, 16, D), normal(1, 16, 1)


def build(n):
    return nn.Sequential(nn.Linear(D, n), nn.Tanh(), nn.Linear(n, n), nn.Tanh(), nn.Linear(n, 1))


def mean_square(f, y):
    return ((f - y) ** 2).mean()


def check(rule, optimizer="sgd", changes=None, widths=WIDTHS, **kwargs):
    """Run the check with settings that differ from the plan's as ``changes(plan, width multiplier)`` says."""

    def make_plan(model, base_model):
        plan = parametrize(
            model,
            base_model,
            rule,
            optimizer=optimizer,
            lr=0.1 if optimizer == "sgd" else 0.01,
            delta_model=build(WIDTHS[0] + 1),
            **kwargs,
        )
        m = model[0].out_features / WIDTHS[0]
        for name, fields in (changes(m) if changes else {}).items():
            plan = plan.replace(name, **fields)
        return plan

    return coordinate_check(
        build, make_plan, widths, base_width=WIDTHS[0], inputs=INPUTS, targets=TARGETS, loss=mean_square, n_seeds=5
    )


def slope(found, module, statistic, step):
    rows = found.slopes.query("module == @module and statistic == @statistic and step == @step")
    return rows["slope"].item()


# rule, its keywords, optimizer, exponents of the features' change and of the output at the start
STABLE = [
    (rule, kwargs, optimizer, change, output)
    for rule, kwargs, change, output in [
        ("mup", {}, 0.0, -0.5),
        ("mf", {}, 0.0, -0.5),
        ("stp", {"richness": "1/4"}, -0.25, -0.25),
        ("ntk", {}, -0.5, 0.0),
    ]
    for optimizer in ("sgd", "adam")
] + [("sp_lr", {}, "sgd", -0.5, 0.0)]


@pytest.mark.parametrize(("rule", "kwargs", "optimizer", "change", "output_at_start"), STABLE)
def test_stable_rules_pass(rule, kwargs, optimizer, change, output_at_start):
    # In sp_lr the input layer's part of the motion, n^-3/2, has to die out before the slope is seen.
    found = check(rule, optimizer, widths=WIDE if rule == "sp_lr" else WIDTHS, **kwargs)
    assert found.verdict == "passes", found.explain()
    for step in (1, 2, 3):
        assert slope(found, "2", "change", step) == pytest.approx(change, abs=0.2)
        assert slope(found, "4", "change", step) == pytest.approx(0, abs=0.25)
    assert slope(found, "0", "size", 0) == pytest.approx(0, abs=0.05)
    assert slope(found, "2", "size", 0) == pytest.approx(0, abs=0.05)
    assert slope(found, "4", "size", 0) == pytest.approx(output_at_start, abs=0.25)
    # what the check expects is what the theory says, written here once more
    expected = found.slopes.set_index(["module", "statistic", "step"])["expected"]
    assert expected["2", "change", 2] == change
    assert expected["4", "size", 0] == output_at_start
    assert expected["4", "change", 3] == 0


def test_words_say_what_is_normal():
    mup, ntk = check("mup").explain(), check("ntk").explain()
    assert "4, step 0: size shrinks as n^(-0.50)" in mup
    assert "2, step 1, 2, 3: change shrinks as n^(-0.50)" in ntk
    assert "kernel regime" in ntk
    assert "kernel regime" not in mup


@pytest.mark.parametrize(("optimizer", "module"), [("sgd", "4"), ("adam", "2")])
def test_standard_parametrization_grows(optimizer, module):
    found = check("sp", optimizer)
    assert found.verdict == "fails"
    assert not found.is_stable
    assert slope(found, module, "change", 1) == pytest.approx(1, abs=0.25)
    assert "itself is unstable" in found.explain()
    assert "Normal" not in found.explain()


def test_adam_with_one_over_width_everywhere_lets_the_output_grow():
    # sign-aligned features push the n^-1/2 readout weights coherently: n · n^-1/2 · n^0
    found = check("sp_lr", "adam")
    assert found.verdict == "fails"
    assert not found.is_stable
    assert slope(found, "4", "change", 1) == pytest.approx(0.5, abs=0.2)


NEGATIVE_CONTROLS = {
    "readout without 1/n": (
        "sgd",
        lambda m: {"4.weight": {"lr": 0.1, "init_std": 1 / math.sqrt(WIDTHS[0] * m)}},
        {("4", "size", 0), ("4", "change", 1)},
    ),
    "readout init without 1/n": (
        "adam",
        lambda m: {"4.weight": {"init_std": 1 / math.sqrt(WIDTHS[0] * m)}},
        {("4", "size", 0), ("4", "change", 1)},
    ),
    "readout Adam rate without 1/n": ("adam", lambda m: {"4.weight": {"lr": 0.01}}, {("4", "change", 1)}),
    "hidden Adam rate without 1/n": ("adam", lambda m: {"2.weight": {"lr": 0.01}}, {("2", "change", 1)}),
    "input rate without n": ("sgd", lambda m: {"0.weight": {"lr": 0.1}, "0.bias": {"lr": 0.1}}, {("0", "change", 1)}),
    "hidden init too large": ("sgd", lambda m: {"2.weight": {"init_std": 1 / 8}}, {("2", "size", 0)}),
}


@pytest.mark.parametrize("name", NEGATIVE_CONTROLS)
def test_negative_controls_are_flagged(name):
    optimizer, changes, flagged = NEGATIVE_CONTROLS[name]
    found = check("mup", optimizer, changes)
    assert found.is_stable
    assert found.verdict == "fails"
    bad = found.slopes[found.slopes["flag"].isin(["grows", "shrinks", "diverges"])]
    assert flagged <= set(zip(bad["module"], bad["statistic"], bad["step"], strict=True)), found.explain()
    kind = "shrinks" if name == "input rate without n" else "grows"
    assert kind in set(bad["flag"])


def test_zero_readout_moves_no_feature_at_first():
    found = check("mup", zero_readout=True)
    assert found.verdict == "passes", found.explain()
    first = found.table.query("module == '2' and step == 1 and statistic == 'change'")
    assert (first["value"] == 0).all()
    assert slope(found, "2", "change", 2) == pytest.approx(0, abs=0.2)
    assert found.slopes.query("module == '2' and step == 1 and statistic == 'change'")["expected"].isna().all()


def test_zero_readout_makes_the_kernel_regime_lazier():
    # The readout is then as small as its first update, n^-1 in place of n^-1/2, and so are the gradients behind it.
    found = check("ntk", zero_readout=True)
    assert found.verdict == "passes", found.explain()
    assert slope(found, "2", "change", 2) == pytest.approx(-1, abs=0.2)


def test_divergence_is_a_failure():
    found = check("mup", changes=lambda m: {"4.weight": {"lr": 3e38}})
    assert found.verdict == "fails"
    assert "diverges" in set(found.slopes["flag"])
    assert "not finite" in found.explain()


def test_refusals_and_shape_of_the_table():
    found = check("mup", widths=(64, 128))
    assert set(found.table.columns) == {"width", "seed", "step", "module", "statistic", "value"}
    assert len(found.table) == 2 * 5 * 3 * (4 + 3)
    with pytest.raises(SpecError, match="two different"):
        check("mup", widths=(64, 64))
    with pytest.raises(SpecError, match="at least 1"):
        coordinate_check(
            build, parametrize, (64, 128), base_width=64, inputs=INPUTS, targets=TARGETS, loss=mean_square, n_steps=0
        )
    for width in (0, 64.0, "64"):
        with pytest.raises(SpecError, match="positive whole numbers"):
            check("mup", widths=(width, 128))
    with pytest.raises(SpecError, match=r"of shape \(16, 1\); it has to be one number"):
        coordinate_check(
            build,
            lambda model, base: parametrize(model, base, "mup", optimizer="sgd", lr=0.1),
            (64, 128),
            base_width=32,
            inputs=INPUTS,
            targets=TARGETS,
            loss=lambda f, y: (f - y) ** 2,
        )


@pytest.mark.parametrize(("rule", "exponent"), [("mup", 1.0), ("stp", 0.75), ("ntk", 0.5)])
def test_adam_eps_scales_as_gradients_do(rule, exponent):
    sizes = []
    for n in WIDE:
        model = build(n)
        kwargs = {"richness": "1/4"} if rule == "stp" else {}
        plan = parametrize(model, build(64), rule, optimizer="adam", lr=0.01, eps=1.0, **kwargs)
        plan.init_(model, 0)
        mean_square(model(INPUTS), TARGETS).backward()
        sizes.append([p.grad.square().mean().sqrt().item() for p in model.parameters()])
        wanted = [(n / 64) ** -exponent] * 4 + [1.0, 1.0]
        assert [entry.eps for entry in plan.values()] == pytest.approx(wanted)
    slopes = np.polyfit(np.log(WIDE), np.log(sizes), 1)[0]
    assert slopes == pytest.approx([-exponent] * 4 + [0, 0], abs=0.25)


def test_a_model_in_which_nothing_goes_with_the_width_is_refused():
    def make_plan(model, base_model):
        return parametrize(model, base_model, "mup", optimizer="sgd", lr=0.1)

    def scaled(n):
        net = nn.Sequential(nn.Linear(D, n), nn.Linear(n, 1)).requires_grad_(False)
        net.scale = nn.Parameter(torch.tensor(1.0))
        return net

    with pytest.raises(SpecError, match="nothing in the model"):
        coordinate_check(scaled, make_plan, (8, 16), base_width=4, inputs=INPUTS, targets=TARGETS, loss=mean_square)


# ---- nets with skips and attention

BRANCH = {"branch_multiplier": 1.0, "branch_power": "1/2"}
RESNET = {"name": "resnet", "blocks": [1, 1], "stem_stride": 1, **BRANCH}
ATTENTION = {"n_heads": 2, "n_blocks": 1, "mlp_ratio": 1, "attention_multiplier": 4.0, **BRANCH}
IMAGES, CONTEXTS = normal(2, 8, 2, 6, 6), torch.randint(8, (8, 6), generator=torch.Generator().manual_seed(3))
DEEP_NETS = {
    "residual_mlp": ({"name": "residual_mlp", "n_blocks": 3, "activation": "tanh", **BRANCH}, IMAGES),
    "resnet": ({**RESNET, "norm": "none"}, IMAGES),
    "resnet, layer norm": ({**RESNET, "norm": "layer"}, IMAGES),
    "resnet, batch norm": ({**RESNET, "norm": "batch"}, IMAGES),
    "vit": ({"name": "vit", "patch_size": 2, **ATTENTION}, IMAGES),
    "transformer": ({"name": "transformer", **ATTENTION}, CONTEXTS),
}


def deep_net(name, n, **changes):
    spec, inputs = DEEP_NETS[name]
    return build_model({**spec, "width": n, **changes}, tuple(inputs.shape[1:]), 8)


def check_deep(name, optimizer, spoil=lambda plan: plan):
    _, inputs = DEEP_NETS[name]
    widths = (32, 64, 128) if name.startswith("resnet") else (64, 128, 256)  # a ResNet ends with twice its width

    def make_plan(model, base_model):
        lr = 0.1 if optimizer == "sgd" else 0.005
        other = deep_net(name, 2 * widths[0])
        # A readout that starts small: else the loss of narrow nets is larger, by the size of their output at the start.
        small = {"readout_scale": 0.25, "delta_model": other}
        return spoil(parametrize(model, base_model, "mup", optimizer=optimizer, lr=lr, **small))

    targets = normal(4, *inputs.shape, 8) if inputs.ndim == 2 else normal(4, len(inputs), 8)
    return coordinate_check(
        lambda n: deep_net(name, n),
        make_plan,
        widths,
        base_width=widths[0],
        inputs=inputs,
        targets=targets,
        loss=mean_square,
        n_seeds=3,
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", DEEP_NETS)
def test_deep_nets_pass_in_mup(name, optimizer):
    found = check_deep(name, optimizer)
    if optimizer == "sgd":
        # see test_first_gradients_of_queries_lack_the_root_of_d
        slow = found.slopes["module"].str.endswith((".query", ".key")) & found.slopes["flag"].isin(
            ["shrinks", "drifts"]
        )
        found.slopes.loc[slow, "flag"] = ""
    assert found.verdict == "passes", found.explain()
    assert {"ok"} < set(found.slopes["flag"])


@pytest.mark.parametrize("name", ["residual_mlp", "resnet", "transformer"])
def test_deep_nets_are_flagged_if_a_branch_learns_too_fast(name):
    last = [key for key, module in deep_net(name, 8).named_modules() if ".branch" in key and not [*module.children()]]
    last = [key for key in last if f"{key}.weight" in dict(deep_net(name, 8).named_parameters())][-1]
    found = check_deep(name, "adam", lambda plan: plan.replace(f"{last}.weight", lr=0.005))
    flagged = found.slopes[found.slopes["flag"] == "grows"]
    assert {(last, "change", 1)} <= set(zip(flagged["module"], flagged["statistic"], flagged["step"], strict=True))


@pytest.mark.parametrize("name", ["vit", "transformer"])
def test_first_gradients_of_queries_lack_the_root_of_d(name):
    """They pass the products of values with a gradient that is independent of them: d^1/2 where aligned ones give d."""
    inputs = DEEP_NETS[name][1]
    sizes = []
    for n in WIDTHS:
        model = deep_net(name, n)
        plan = parametrize(model, deep_net(name, 8), "mup", optimizer="sgd", lr=0.1)
        attention, mlp = model.residual_branches
        layers = [attention.query, attention.key, attention.value, attention.out, mlp.up, mlp.down]
        for seed in range(6):
            plan.init_(model, seed)
            seen = []
            handles = [
                layer.register_forward_hook(lambda _, z, h, seen=seen: seen.append((z[0], h))) for layer in layers
            ]
            outputs = model(inputs)
            mean_square(outputs, normal(4, *outputs.shape)).backward()
            # the order of calls in the forward pass is that of the list
            updates = ((z @ layer.weight.grad.T).norm() / h.norm() for layer, (z, h) in zip(layers, seen, strict=True))
            sizes.append([n, *(update.item() for update in updates)])
            for handle in handles:
                handle.remove()
            model.zero_grad()
    n, *moved = np.log(np.array(sizes, dtype=float)).T
    slopes = np.polyfit(n, np.array(moved).T, 1)[0]
    assert slopes == pytest.approx([-0.5, -0.5, 0, 0, 0, 0], abs=0.15)


@pytest.mark.parametrize(("power_of_d", "change"), [(1, 0.0), (0.5, 0.5)])
def test_attention_logits_of_learned_queries_need_one_over_d(power_of_d, change):
    """At the start they are d^-1/2 (or 1) because queries and keys are independent; learned ones are aligned."""
    sizes = []
    for n in WIDTHS:
        model = deep_net("transformer", n, attention_multiplier=4.0 * (n / WIDTHS[0]) ** (1 - power_of_d))
        plan = parametrize(model, deep_net("transformer", 8), "mup", optimizer="adam", lr=0.08)
        for seed in range(4):
            plan.init_(model, seed)
            stepper = plan.optimizer(model)
            start = last_logits(model)
            mean_square(model(CONTEXTS), normal(4, *CONTEXTS.shape, 8)).backward()
            stepper.step()
            stepper.zero_grad()
            sizes.append((n, start.abs().mean().item(), (last_logits(model) - start).abs().mean().item()))
    n, at_start, moved = np.log(sizes).T
    assert np.polyfit(n, at_start, 1)[0] == pytest.approx(0.5 - power_of_d, abs=0.1)
    assert np.polyfit(n, moved, 1)[0] == pytest.approx(change, abs=0.15)


def last_logits(model):
    """Return the attention logits of the last position, which sees all, up to their mean."""
    logits = model.attention_maps(CONTEXTS)["attention1"][:, :, -1].detach().log()
    return logits - logits.mean(-1, keepdim=True)


# ---- motion of features and of their kernel


def motion(rule, widths, n_steps=5, n_seeds=6, **kwargs):
    """Return the log-log slopes of |X_t - X_0|/|X_0| and |F_t - F_0|/|F_0|, X the last features, F = X Xᵀ/n."""
    features, kernels = [], []
    for n in widths:
        moved = []
        for seed in range(n_seeds):
            model = build(n).double()
            plan = parametrize(model, build(WIDTHS[0]), rule, optimizer="sgd", lr=0.05, delta_model=build(8), **kwargs)
            plan.init_(model, seed)
            stepper = plan.optimizer(model)
            x, y = INPUTS.double()[:8], TARGETS.double()[:8]
            start = model[:4](x).detach()
            for _ in range(n_steps):
                stepper.zero_grad()
                mean_square(model(x), y).backward()
                stepper.step()
            end = model[:4](x).detach()
            before, after = start @ start.T, end @ end.T
            moved.append(((end - start).norm() / start.norm(), (after - before).norm() / before.norm()))
        feature, kernel = np.mean(np.array(moved), axis=0)
        features.append(feature)
        kernels.append(kernel)
    return tuple(float(np.polyfit(np.log(widths), np.log(values), 1)[0]) for values in (features, kernels))


@pytest.mark.parametrize(("rule", "kwargs", "laziness"), [("mup", {}, 0.0), ("ntk", {}, 0.5), ("sp_lr", {}, 0.5)])
def test_features_move_by_their_laziness_and_their_kernel_by_twice_that(rule, kwargs, laziness):
    # A feature moves along its readout weight, which is random to it but for its own updates: the scalar products
    # gain a second factor n^-r, as the tangent kernel does at r = 1/2 (order 1/n).
    feature, kernel = motion(rule, WIDTHS if rule == "ntk" else WIDE, **kwargs)
    assert feature == pytest.approx(-laziness, abs=0.12)
    assert kernel == pytest.approx(-2 * laziness, abs=0.25)


# ---- the largest stable learning rate


def largest_rate(rule, n, base):
    """Bisect log2 of the rate at which 20 full-batch steps send the loss above its start, width n."""

    def diverges(log_rate):
        model = build(n).double()
        plan = parametrize(model, build(base), rule, optimizer="sgd", lr=2.0**log_rate, delta_model=build(base + 1))
        plan.init_(model, 0)
        stepper = plan.optimizer(model)
        x, y = INPUTS.double(), TARGETS.double()
        start = None
        for _ in range(20):
            stepper.zero_grad()
            loss = mean_square(model(x), y)
            start = loss.item() if start is None else start
            if not loss.item() < 2 * start:
                return True
            loss.backward()
            stepper.step()
        return False

    low, high = -10.0, 6.0
    assert not diverges(low)
    assert diverges(high)
    while high - low > 0.1:
        middle = (low + high) / 2
        low, high = (low, middle) if diverges(middle) else (middle, high)
    return low


@pytest.mark.parametrize(("rule", "expected"), [("sp", -1.0), ("mup", 0.0), ("sp_lr", 0.0)])
def test_largest_stable_rate(rule, expected):
    widths = (64, 128, 256, 512)
    rates = [largest_rate(rule, n, widths[0]) for n in widths]
    assert np.polyfit(np.log2(widths), rates, 1)[0] == pytest.approx(expected, abs=0.15)
