"""Models: shapes, declared layers, and what they refuse."""

import pytest
import torch

from infwidth.models import build_model


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ({"name": "mlp", "width": 7, "n_hidden": 3, "activation": "relu", "bias": True}, (1, 6, 6)),
        ({"name": "cnn", "width": 5, "n_convolutions": 2}, (3, 9, 9)),
    ],
)
def test_hidden_layers_are_all_but_the_readout_in_order(spec: dict, shape: tuple) -> None:
    model = build_model(spec, shape, 4)
    assert model(torch.zeros(2, *shape)).shape == (2, 4)
    called = []
    for name, layer in model.hidden_layers.items():
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    model(torch.zeros(1, *shape))
    assert called == list(model.hidden_layers)
    inside = {id(p) for layer in model.hidden_layers.values() for p in layer.parameters()}
    assert {name for name, p in model.named_parameters() if id(p) not in inside} <= {"readout.weight", "readout.bias"}


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_activations_with_unit_gain_keep_the_second_moment(activation: str) -> None:
    model = build_model(
        {"name": "mlp", "width": 4, "n_hidden": 1, "activation": activation, "bias": False}, (1, 2, 2), 2
    )
    h = torch.randn(10**6, generator=torch.Generator().manual_seed(0))
    assert model.activation(h).square().mean().item() == pytest.approx(1, abs=0.01)


def test_too_many_poolings_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 pixels a side, not 14×14"):
        build_model({"name": "cnn", "width": 4, "n_convolutions": 4}, (1, 14, 14), 10)
