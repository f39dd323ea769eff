"""First-order MAML on few-shot tasks: of linear μP nets and their limit, and of kernels."""

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from infwidth.errors import SpecError, nearest
from infwidth.solve.records import Limit

if TYPE_CHECKING:
    from infwidth.data.load import Data
    from infwidth.data.tasks import TaskPool, Tasks
    from infwidth.limits.maml.protocol import Learner

#: For every net, what its spec must say and what it must leave null.
_SCALES = {
    "linear": ({"sigma_u", "sigma_v"}, {"sigma_b"}),
    "relu_gp": ({"sigma_u", "sigma_b"}, {"sigma_v", "bias_lr", "width"}),
    "relu_ntk": ({"sigma_u", "sigma_b", "sigma_v"}, {"bias_lr", "width"}),
    "linear_kernel": ({"sigma_u"}, {"sigma_v", "bias_lr", "width"}),
}


def rows(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return the course of MAML of one net with one set of hyperparameters (those of Table 4, say), for every seed.

    ``net`` is "linear" (of ``width`` hidden units, or of infinitely many if null), "relu_gp", "relu_ntk" or
    "linear_kernel". ``sigma_u`` and ``sigma_v`` are the initial scales of the layers (null where the kernel does not
    depend on them: ``sigma_v`` of a GP); ``sigma_b`` is that of the bias, of kernels only, null for none in the linear
    one; ``lr`` is η, ``inner_lr`` is ε, and ``bias_lr`` is α, null for a linear net without bias and for kernels.

    Pixels are multiplied by ``input_scale`` (1 if left out), since rates go with the square of the inputs' length.
    Omniglot is prepared in black and white, the authors took greys: with Table 4's rates the limit diverges on the
    prepared drawings (‖ξ‖² = 74 on average) within 4 epochs, and trains at an input scale of 0.7.

    A seed draws the finite net and all tasks, and these are the same for all nets; ``validation_tasks`` and
    ``test_tasks`` are rounded up to whole batches.

    At the end of every epoch (step, from 1): ``train_loss``, the mean query loss over the epoch's tasks;
    ``clipped_fraction``, the share of its outer steps whose summed gradient was longer than 0.5; and
    ``validation_accuracy`` after one step of adaptation. At the epoch of the best validation accuracy:
    ``test_accuracy``, after ``test_steps`` steps of adaptation.
    Raises SpecError for scales that the net does not have, and where the data have too few classes or examples.
    """
    from infwidth.data.drawings import Drawings
    from infwidth.data.images import Images
    from infwidth.data.tasks import few_shot, task_stream
    from infwidth.limits.maml.protocol import meta_train

    assert isinstance(data, (Drawings, Images)), "the schema of cells asks for drawings or images here"
    _check(limit)
    pools = few_shot(data, input_scale=limit.get("input_scale", 1.0))
    for pool in pools:
        pool.check(limit["ways"], limit["shots"])
    per_batch = limit["tasks_per_batch"]

    def batch(pool: "TaskPool", seed: int, number: int) -> "Tasks":
        rng = task_stream(pool.part, seed, number)
        return pool.draw(rng, per_batch, ways=limit["ways"], shots=limit["shots"])

    frames = []
    for seed in range(limit["n_seeds"]):
        history = meta_train(
            _learner(limit, pools.train, seed),
            *(partial(batch, pool, seed) for pool in pools),
            epochs=limit["epochs"],
            batches_per_epoch=limit["batches_per_epoch"],
            validation_batches=-(-limit["validation_tasks"] // per_batch),
            test_batches=-(-limit["test_tasks"] // per_batch),
            test_steps=limit["test_steps"],
        )
        curves = {
            "train_loss": history.train_loss,
            "clipped_fraction": history.clipped,
            "validation_accuracy": history.validation_accuracy,
        }
        frames += [
            pd.DataFrame({"metric": metric, "step": range(1, len(values) + 1), "value": values, "seed": seed})
            for metric, values in curves.items()
        ]
        tested = {"metric": "test_accuracy", "step": history.best_epoch, "value": history.test_accuracy, "seed": seed}
        frames.append(pd.DataFrame([tested]))
    finite = limit["net"] == "linear" and limit.get("width") is not None
    return pd.concat(frames, ignore_index=True).assign(layer="", index=-1, of="net" if finite else "limit")


def _check(limit: Limit) -> None:
    """Raise SpecError for an unknown net, or a hyperparameter that it lacks or does not have."""
    net = limit["net"]
    if net not in _SCALES:
        raise SpecError(f"maml: net '{net}' is unknown{nearest(net, _SCALES)}; known: {', '.join(_SCALES)}")
    needed, absent = _SCALES[net]
    for name in sorted(needed):
        if limit.get(name) is None:
            raise SpecError(f"maml: net '{net}' needs {name}")
    for name in sorted(absent):
        if limit.get(name) is not None:
            why = "is a kernel, and infinitely wide" if name == "width" else f"has no {name}"
            raise SpecError(f"maml: net '{net}' {why}; {name} must be null, not {limit[name]}")
    for name in ("epochs", "batches_per_epoch", "tasks_per_batch", "validation_tasks", "test_tasks", "n_seeds"):
        if limit[name] < 1:
            raise SpecError(f"maml: {name} must be at least 1, not {limit[name]}")


def _learner(limit: Limit, pool: "TaskPool", seed: int) -> "Learner":
    """Return the untrained net of a spec that :func:`_check` has passed."""
    import torch

    from infwidth.limits.maml import kernel, linear
    from infwidth.limits.maml.protocol import Rates
    from infwidth.seeding import numpy_stream

    net, ways, d = limit["net"], limit["ways"], pool.images.shape[1]
    rates = Rates(limit["lr"], limit["inner_lr"])
    if net == "linear":
        weights = linear.infinite_weights(d, ways, sigma_u=limit["sigma_u"], sigma_v=limit["sigma_v"])
        if (width := limit.get("width")) is not None:
            omega = numpy_stream("init", "maml", width, seed).standard_normal((width, d + ways))
            weights = weights.sample(torch.from_numpy(omega))
        return linear.LinearLearner(weights, rates, bias_lr=limit.get("bias_lr") or 0.0)
    sigmas = {"sigma_u": limit["sigma_u"], "sigma_b": limit.get("sigma_b") or 0.0}
    if net == "linear_kernel":
        of = kernel.linear_kernel(**sigmas)
        return kernel.KernelLearner(of, kernel.LinearFunction(**sigmas, d=d, d_o=ways), rates)
    of = kernel.relu_kernel(**sigmas, sigma_v=limit.get("sigma_v") or 0.0)
    return kernel.KernelLearner(of, kernel.Expansion(of, d=d, d_o=ways, n_ids=pool.n_ids), rates)
