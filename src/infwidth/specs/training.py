"""Blocks of a training: the optimizer, and how long, on what stream of batches and for which loss."""

from typing import Annotated, Literal

from pydantic import Field

from infwidth.specs.block import LARGEST, Block, Count, Fraction01, NotNegative, Positive, Says, Several, unsaid


class Optimizer(Block):
    """The optimizer, at every base learning rate of the list ``lr``."""

    name: Literal["sgd", "adam", "adamw"]
    lr: Several[Positive]
    momentum: Fraction01 = 0.0
    weight_decay: NotNegative = 0.0


class Training(Block):
    """How a net is trained.

    - ``stream``: "epochs" (whole batches, in a new order each time) or "single_pass"
    - ``augmentation``: what is done to each image anew at each step
    - ``centred``: whether the net's output is f − f0, f0 the function at initialisation
    - ``evaluations``: the number of evaluation steps, evenly spaced in log time from the first to the last, or with
      ``spacing`` "linear" in time
    - ``perturbation``: the relative change of every initial weight, 1e-7 for the noise floor that rounding leaves
    """

    steps: Count
    batch_size: Count
    stream: Literal["epochs", "single_pass"] = "epochs"
    augmentation: Literal["none", "shift", "flip", "shift_flip", "affine"] = "none"
    loss: Literal["cross_entropy", "mse", "binary_mse"]
    centred: bool = False
    dtype: Literal["float32", "float64"] = "float32"
    evaluations: Annotated[int, Field(ge=2, le=LARGEST), Says("must be the number of evaluation steps, at least two")]
    spacing: Literal["log", "linear"] = unsaid("log")
    perturbation: NotNegative = unsaid(0.0)
