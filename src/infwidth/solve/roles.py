"""The roles of a real model's parameters."""

from typing import TYPE_CHECKING

import pandas as pd

from infwidth.solve.records import Limit

if TYPE_CHECKING:
    from infwidth.data.load import Data


def parameter_roles(limit: Limit, _data: "Data | None") -> pd.DataFrame:
    """Return for every parameter of a transformer its shape and which dimensions grow with the width.

    ``size`` and ``wide`` (0 or 1) of each dimension (index), the parameter's name as layer; ``wide_dimensions``, their
    number: one for vector-like parameters, two for matrix-like ones.
    """
    import torch

    from infwidth.models.transformer import Transformer
    from infwidth.parametrization import find_roles

    options = {
        "n_heads": 4,
        "n_blocks": limit["n_blocks"],
        "mlp_ratio": 1,
        "attention_multiplier": 1.0,
        "branch_multiplier": 1.0,
        "branch_power": "0",
    }
    vocabulary, context, width = limit["vocabulary_size"], limit["context"], limit["width"]
    with torch.device("meta"):
        net, wider = (Transformer((context,), vocabulary, **options, width=n) for n in (width, 2 * width))
    roles = find_roles(net, wider)
    others = dict(wider.named_parameters())
    records = []
    for name, parameter in net.named_parameters():
        wide = [int(a != b) for a, b in zip(parameter.shape, others[name].shape, strict=True)]
        records += [("size", name, i, size) for i, size in enumerate(parameter.shape)]
        records += [("wide", name, i, grows) for i, grows in enumerate(wide)]
        records.append(("wide_dimensions", name, -1, sum(wide)))
        records.append((f"role_{roles[name].role}", name, -1, 1))
    return pd.DataFrame(records, columns=["metric", "layer", "index", "value"]).assign(of="net")
