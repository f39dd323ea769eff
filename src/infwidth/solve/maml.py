"""First-order MAML on few-shot tasks: of linear μP nets and their limit, and of kernels."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import LARGEST, Count, Positive, Says, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.drawings import Drawings
    from infwidth.data.images import Images
    from infwidth.data.tasks import TaskPool, Tasks
    from infwidth.limits.maml.protocol import Learner

#: For every net, what its spec must say and what it must leave null.
_SCALES = {
    "linear": ({"sigma_u", "sigma_v"}, {"sigma_b"}),
    "relu_gp": ({"sigma_u", "sigma_b"}, {"sigma_v", "bias_lr", "width"}),
    "relu_ntk": ({"sigma_u", "sigma_b", "sigma_v"}, {"bias_lr", "width"}),
    "linear_kernel": ({"sigma_u"}, {"sigma_v", "bias_lr", "width"}),
}


class Spec(Computation):
    """MAML of one net with one set of hyperparameters (those of Table 4, say).

    - ``net``: "linear" (of ``width`` hidden units, or of infinitely many if null), or a kernel
    - ``sigma_u`` and ``sigma_v``: initial scales of the layers (null where the kernel does not depend on them:
      ``sigma_v`` of a GP); ``sigma_b``: that of the bias, of kernels only, null for none in the linear one
    - ``lr`` is η, ``inner_lr`` is ε, and ``bias_lr`` is α, null for a linear net without bias and for kernels
    - ``validation_tasks`` and ``test_tasks`` are rounded up to whole batches
    - ``input_scale`` multiplies the pixels, since rates go with the square of the inputs' length. Omniglot is prepared
      in black and white, the authors took greys: with Table 4's rates the limit diverges on the prepared drawings
      (‖ξ‖² = 74 on average) within 4 epochs, and trains at an input scale of 0.7
    """

    name: Literal["maml"]
    net: Literal["linear", "relu_gp", "relu_ntk", "linear_kernel"]
    width: Width | None = None
    sigma_u: Positive | None = None
    sigma_v: Positive | None = None
    sigma_b: Positive | None = None
    lr: Positive
    bias_lr: Positive | None = None
    inner_lr: Positive
    ways: Annotated[int, Field(ge=2, le=LARGEST), Says("must be a number of classes, at least two")]
    shots: Count
    tasks_per_batch: Count
    epochs: Count
    batches_per_epoch: Count
    validation_tasks: Count
    test_tasks: Count
    test_steps: Count
    input_scale: Positive = 1.0
    n_seeds: Count
    takes: ClassVar = (blocks.Images, blocks.Drawings)

    @model_validator(mode="after")
    def _has_the_scales_of_its_net(self) -> Self:
        needed, absent = _SCALES[self.net]
        for name in sorted(needed):
            if getattr(self, name) is None:
                raise ValueError(f"net '{self.net}' needs {name}")
        for name in sorted(absent):
            if (value := getattr(self, name)) is not None:
                why = "is a kernel, and infinitely wide" if name == "width" else f"has no {name}"
                raise ValueError(f"net '{self.net}' {why}; {name} must be null, not {value}")
        return self


def rows(spec: Spec, data: "Images | Drawings") -> Rows:
    """Return the course of MAML for every seed, which draws the net and, the same for all nets, the tasks.

    At the end of every epoch (step, from 1): ``train_loss``, the mean query loss over the epoch's tasks;
    ``clipped_fraction``, the share of its outer steps whose summed gradient was longer than 0.5; and
    ``validation_accuracy`` after one step of adaptation. At the epoch of the best validation accuracy:
    ``test_accuracy``, after ``test_steps`` steps of adaptation.
    Raises SpecError where the data have too few classes or examples.
    """
    from infwidth.data.tasks import few_shot, task_stream
    from infwidth.limits.maml.protocol import meta_train

    pools = few_shot(data, input_scale=spec.input_scale)
    for pool in pools:
        pool.check(spec.ways, spec.shots)

    def batch(pool: "TaskPool", seed: int, number: int) -> "Tasks":
        rng = task_stream(pool.part, seed, number)
        return pool.draw(rng, spec.tasks_per_batch, ways=spec.ways, shots=spec.shots)

    out = Rows(spec.lr, of="limit" if spec.width is None else "net")
    for seed in range(spec.n_seeds):
        history = meta_train(
            _learner(spec, pools.train, seed),
            *(partial(batch, pool, seed) for pool in pools),
            epochs=spec.epochs,
            batches_per_epoch=spec.batches_per_epoch,
            validation_batches=-(-spec.validation_tasks // spec.tasks_per_batch),
            test_batches=-(-spec.test_tasks // spec.tasks_per_batch),
            test_steps=spec.test_steps,
        )
        epochs = range(1, len(history.train_loss) + 1)
        out.add(epochs, "train_loss", history.train_loss, seed=seed)
        out.add(epochs, "clipped_fraction", history.clipped, seed=seed)
        out.add(epochs, "validation_accuracy", history.validation_accuracy, seed=seed)
        out.add(history.best_epoch, "test_accuracy", history.test_accuracy, seed=seed)
    return out


def _learner(spec: Spec, pool: "TaskPool", seed: int) -> "Learner":
    """Return the untrained net."""
    import torch

    from infwidth.limits.maml import kernel, linear
    from infwidth.limits.maml.protocol import Rates
    from infwidth.seeding import numpy_stream

    ways, d, rates = spec.ways, pool.images.shape[1], Rates(spec.lr, spec.inner_lr)
    sigma_u, sigma_v = spec.sigma_u or 0.0, spec.sigma_v or 0.0
    if spec.net == "linear":
        weights = linear.infinite_weights(d, ways, sigma_u=sigma_u, sigma_v=sigma_v)
        if spec.width is not None:
            omega = numpy_stream("init", "maml", spec.width, seed).standard_normal((spec.width, d + ways))
            weights = weights.sample(torch.from_numpy(omega))
        return linear.LinearLearner(weights, rates, bias_lr=spec.bias_lr or 0.0)
    sigmas: dict[str, Any] = {"sigma_u": sigma_u, "sigma_b": spec.sigma_b or 0.0}
    if spec.net == "linear_kernel":
        of = kernel.linear_kernel(**sigmas)
        return kernel.KernelLearner(of, kernel.LinearFunction(**sigmas, d=d, d_o=ways), rates)
    of = kernel.relu_kernel(**sigmas, sigma_v=sigma_v)
    return kernel.KernelLearner(of, kernel.Expansion(of, d=d, d_o=ways, n_ids=pool.n_ids), rates)
