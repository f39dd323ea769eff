"""The coordinate check is not fooled: by weights used by hand, ties, dropout, the global seed, or widths too small."""

from types import SimpleNamespace

import matplotlib as mpl
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.parametrization import coordinate_check, parametrize
from infwidth.parametrization.watching import MODEL_OUTPUT

WIDTHS = (32, 64, 128, 256)
D, CLASSES = 16, 5
IDS = torch.arange(60).reshape(6, 10) % 7


def normal(key, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(key))


INPUTS, TARGETS = normal(0, 32, D), normal(1, 32, CLASSES)


def check(
    build,
    *,
    loss=F.mse_loss,
    inputs=INPUTS,
    targets=TARGETS,
    widths=WIDTHS,
    spoil=None,
    optimizer="adam",
    rule="mup",
    **options,
):
    """Run the check; ``spoil`` names a parameter whose learning rate stays that of the base width."""
    n_seeds = options.pop("n_seeds", 3)

    def make_plan(model, base_model):
        lr = 0.1 if optimizer == "sgd" else 0.005
        other = build(widths[0] + 8)
        plan = parametrize(model, base_model, rule, optimizer=optimizer, lr=lr, delta_model=other, **options)
        return plan.replace(spoil, lr=lr) if spoil else plan

    return coordinate_check(
        build,
        make_plan,
        widths,
        base_width=widths[0],
        inputs=inputs,
        targets=targets,
        loss=loss,
        n_seeds=n_seeds,
    )


class ByHand(nn.Module):
    """Weights of every kind that no module's forward pass shows: bare, viewed, masked, of a module never called."""

    def __init__(self, n):
        super().__init__()
        self.read, self.gain = nn.Parameter(torch.randn(D, n)), nn.Parameter(torch.full((n,), 0.9))
        self.mix, self.never_called = nn.Parameter(torch.randn(n, n)), nn.Linear(n, n)
        self.head = nn.Linear(n, CLASSES)
        self.register_buffer("mask", torch.tril(torch.ones(n, n)))

    def forward(self, x):
        h = torch.tanh(x @ self.read) * self.gain
        h = torch.tanh(F.linear(h, self.mix * self.mask))
        return self.head(torch.tanh(h @ self.never_called.weight.T + self.never_called.bias))


ROLES = {"read": "input", "gain": "norm", "mix": "hidden"}


def test_weights_used_by_hand_are_watched():
    found = check(ByHand, roles=ROLES)
    assert found.verdict == "passes", found.explain()
    sites = {"read", "gain", "mix", "never_called.weight", "never_called.bias", "head"}
    assert set(found.slopes["module"]) == sites
    judged = found.slopes[found.slopes["flag"] == "ok"]
    assert set(judged["module"]) == sites


@pytest.mark.parametrize("name", ["mix", "never_called.weight"])
def test_a_weight_used_by_hand_that_learns_too_fast_is_flagged(name):
    found = check(ByHand, roles=ROLES, spoil=name)
    assert found.verdict == "fails"
    bad = found.slopes[found.slopes["flag"] == "grows"]
    assert name in set(bad["module"])
    assert f"{name} (hidden), step 1: change grows" in found.explain()
    assert "its learning rate does not fall with the width as it should" in found.explain()


class Attention(nn.Module):
    """Fused attention, a class token and positions; ``spare`` takes no part."""

    def __init__(self, n):
        super().__init__()
        self.embed, self.cls = nn.Embedding(7, n), nn.Parameter(torch.randn(1, 1, n))
        self.place = nn.Parameter(torch.randn(1, 11, n))
        self.attention = nn.MultiheadAttention(n, 2, dropout=0.1, batch_first=True)
        self.norm, self.head = nn.LayerNorm(n), nn.Linear(n, CLASSES)

    def forward(self, ids):
        x = self.embed(ids)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.place
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(self.norm(x)[:, 0])


TOKENS = {"roles": {"cls": "embedding", "place": "embedding"}, "inputs": IDS, "targets": normal(2, 6, CLASSES)}


def test_fused_attention_and_tokens_are_watched_and_dropout_is_off():
    found = check(Attention, **TOKENS)
    assert found.verdict == "passes", found.explain()
    assert set(found.slopes["module"]) == {
        *("embed", "attention", "attention.out_proj.weight", "attention.out_proj.bias", "norm", "head", "cls", "place"),
    }
    assert "Dropout was switched off." in found.explain()
    spoiled = check(Attention, **TOKENS, spoil="attention.out_proj.weight")
    assert spoiled.verdict == "fails"


class Spare(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.read, self.unused, self.head = nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, CLASSES)

    def forward(self, x):
        return self.head(torch.tanh(self.read(x)))


def test_what_cannot_be_watched_is_named_and_does_not_pass():
    found = check(Spare)
    assert found.verdict == "incomplete: not watched: unused.weight"
    assert "unused.weight: no layer and no function of torch shows what this parameter does" in found.explain()


class Tied(nn.Module):
    """A readout tied to its embedding, its logits multiplied by base width / width, or not."""

    def __init__(self, n, multiplied):
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(7, n), nn.Linear(n, n), nn.Linear(n, 7, bias=False)
        self.head.weight = self.embed.weight
        self.multiplier = WIDTHS[0] / n if multiplied else 1.0

    def forward(self, ids):
        h = self.embed(ids)
        return self.head(h + torch.tanh(self.mix(h))) * self.multiplier


@pytest.mark.parametrize(("multiplied", "verdict"), [(True, "passes"), (False, "fails")])
def test_a_tied_readout_is_seen_in_the_model_s_output(multiplied, verdict):
    targets = F.one_hot((IDS + 1) % 7, 7).float()
    found = check(
        lambda n: Tied(n, multiplied), inputs=IDS, targets=targets, tied_readout="multiplied", optimizer="adamw"
    )
    assert found.verdict == verdict, found.explain()
    assert {"(model output)", "head", "embed"} <= set(found.slopes["module"])
    if not multiplied:
        bad = found.slopes[found.slopes["flag"] == "grows"]
        assert ("(model output)", "size", 0) in set(zip(bad["module"], bad["statistic"], bad["step"], strict=True))


class Dropped(nn.Module):
    def __init__(self, n, p, by_hand):
        super().__init__()
        self.a, self.b, self.o = nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, CLASSES)
        self.drop = (lambda h: F.dropout(h, p)) if by_hand else nn.Dropout(p)

    def forward(self, x):
        return self.o(torch.tanh(self.b(self.drop(torch.tanh(self.a(x))))))


@pytest.mark.parametrize("by_hand", [False, True])
def test_no_mask_and_no_global_seed_decides(by_hand):
    slopes = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        good = check(lambda n: Dropped(n, 0.2, by_hand), rule="ntk", optimizer="sgd")
        bad = check(lambda n: Dropped(n, 0.2, by_hand), spoil="b.weight")
        assert torch.equal(torch.get_rng_state(), before)
        assert (good.verdict, bad.verdict) == ("passes", "fails"), good.explain()
        slopes.append(good.slopes["slope"].tolist())
    assert slopes[0] == slopes[1]


class Encoder(nn.Module):
    """PyTorch's encoder as it comes: norms before the branches, none at the end."""

    def __init__(self, n, n_heads):
        super().__init__()
        self.embed = nn.Embedding(7, n)
        layer = nn.TransformerEncoderLayer(n, n_heads, 2 * n, dropout=0.1, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(n, CLASSES)

    def forward(self, ids):
        return self.head(self.body(self.embed(ids)).mean(1))


ENCODER = {"inputs": IDS, "targets": normal(2, 6, CLASSES)}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_torch_s_encoder_is_inconclusive_at_small_widths_and_passes_at_large_ones(optimizer):
    """Its heads are of a fixed size; behind its readout a stream without a norm."""
    small, large = (32, 64, 128, 256, 512), (128, 256, 512, 1024)
    found = check(lambda n: Encoder(n, n // 8), widths=small, optimizer=optimizer, **ENCODER)
    assert found.verdict == "inconclusive: widths too small", found.explain()
    found = check(lambda n: Encoder(n, n // 8), widths=large, optimizer=optimizer, **ENCODER)
    assert found.verdict == "passes", found.explain()


def test_torch_s_attention_over_the_root_of_a_growing_head_is_found():
    """With a fixed number of heads μP needs 1/d, torch has 1/√d: learned logits grow as √d."""
    found = check(lambda n: Encoder(n, 4), widths=(32, 64, 128, 256, 512), **ENCODER)
    assert found.verdict == "fails"
    grows = found.slopes[found.slopes["flag"] == "grows"]
    assert "body.layers.0.self_attn" in set(grows["module"])


class Vanishing(nn.Module):
    """A hidden layer that gets, besides its own input, one that dies out as 1/n."""

    def __init__(self, n, power):
        super().__init__()
        self.read, self.mix, self.head = nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, CLASSES)
        self.factor = 1 + 40 * n**-power

    def forward(self, x):
        return self.head(torch.tanh(self.mix(torch.relu(self.read(x)) * self.factor)))


def test_slopes_on_their_way_are_inconclusive_and_wide_nets_decide():
    narrow = check(lambda n: Vanishing(n, 1), widths=(16, 32, 64, 128))
    assert narrow.verdict == "inconclusive: widths too small", narrow.explain()
    drifting = narrow.slopes[narrow.slopes["flag"] == "drifts"]
    assert "mix" in set(drifting["module"])
    assert (drifting["slope_wide"].abs() < drifting["slope_narrow"].abs()).all()
    assert "in the narrower to" in narrow.explain()
    assert "Wider nets decide this: check widths from 64 to 512." in narrow.explain()
    assert check(lambda n: Vanishing(n, 1), widths=(512, 1024, 2048)).verdict == "passes"


def test_plot_shows_every_site():
    mpl.use("agg")
    found = check(ByHand, roles=ROLES, n_seeds=2)
    figure = found.plot()
    shown = {text.get_text() for text in figure.axes[1].get_legend().get_texts()}
    assert shown == set(found.slopes["module"])
    assert "passes" in figure.get_suptitle()


class Answers(nn.Module):
    """A net of two inputs whose output is no tensor; ``power`` of the width wrongly multiplies the logits."""

    def __init__(self, n, power=0.0, kind=dict):
        super().__init__()
        self.read, self.other, self.mix = nn.Linear(D, n), nn.Linear(D, n), nn.Linear(n, n)
        self.head, self.times, self.kind = nn.Linear(n, CLASSES), n**power, kind

    def forward(self, x, z):
        h = torch.tanh(self.mix(torch.tanh(self.read(x) + self.other(z))))
        logits = self.head(h) * self.times
        return (logits, h.square().sum()) if self.kind is tuple else self.kind(logits=logits, norm=h.square().sum())


@pytest.mark.parametrize("inputs", [(INPUTS, normal(2, 32, D)), {"z": INPUTS, "x": normal(2, 32, D)}])
def test_several_inputs_and_outputs_are_taken_as_the_model_takes_them(inputs):
    """The norm of the features grows with the width, as it should, and the loss does not use it."""
    for kind in (dict, tuple):

        def loss(outputs, targets, key="logits" if kind is dict else 0):
            return F.mse_loss(outputs[key], targets)

        right = check(lambda n, kind=kind: Answers(n, kind=kind), inputs=inputs, loss=loss, n_seeds=2)
        assert right.verdict == "passes", right.explain()
        wrong = check(lambda n, kind=kind: Answers(n, 0.5, kind), inputs=inputs, loss=loss, n_seeds=2)
        assert wrong.verdict == "fails"
        assert any(module.startswith(MODEL_OUTPUT) for module in wrong.slopes.query("flag == 'grows'")["module"])


def test_an_output_that_cannot_be_looked_into_is_refused():
    with pytest.raises(SpecError, match="returns, a SimpleNamespace, the loss uses no tensor that can be found"):
        check(
            lambda n: Answers(n, kind=SimpleNamespace),
            inputs=(INPUTS, INPUTS),
            loss=lambda outputs, targets: F.mse_loss(outputs.logits, targets),
        )
