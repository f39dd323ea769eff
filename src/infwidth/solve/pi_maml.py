"""MAML of π-nets of finite and of infinite width on few-shot tasks."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import LARGEST, Count, Depth, NotNegative, Positive, Says, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.drawings import Drawings
    from infwidth.data.images import Images
    from infwidth.data.tasks import TaskPool, Tasks


class Spec(Computation):
    """MAML of a π-net of ``n_hidden`` layers, ``rank`` r and ``width`` n (null: infinite), whose readout tasks adapt.

    ``lr`` is η, ``inner_lr`` ε, ``clip`` the largest norm of the outer gradient summed over tasks; ``first_lr`` a
    factor of the first layer's rate, ``bias_scale`` of the biases. ``validation_tasks`` and ``test_tasks`` are rounded
    up to whole batches.
    """

    name: Literal["pi_maml"]
    n_hidden: Depth
    rank: Count
    width: Width | None
    lr: Positive
    first_lr: Positive = 1.0
    inner_lr: Positive
    clip: Positive
    bias_scale: NotNegative = 0.0
    ways: Annotated[int, Field(ge=2, le=LARGEST), Says("must be a number of classes, at least two")]
    shots: Count
    tasks_per_batch: Count
    epochs: Count
    batches_per_epoch: Count
    validation_tasks: Count
    test_tasks: Count
    test_steps: Count
    n_seeds: Count
    takes: ClassVar = (blocks.Images, blocks.Drawings)


def rows(spec: Spec, data: "Images | Drawings") -> Rows:
    """Return the course of MAML for every seed, which draws net and tasks.

    The net of infinite width is the same at all widths, a finite one a sample of it; the tasks are the same for all.

    At the end of every epoch (step, from 1): ``train_loss``, the mean query loss over the epoch's tasks;
    ``clipped_fraction``; ``validation_accuracy`` after one step of adaptation. At the epoch of the best validation
    accuracy: ``test_accuracy``, after ``test_steps`` steps. ``untrained_accuracy`` (step 0): the same of the net before
    the first outer step. Raises SpecError where the data have too few classes or examples.
    """
    from infwidth.data.tasks import few_shot, task_stream
    from infwidth.limits.maml.pi import PiLearner
    from infwidth.limits.maml.protocol import Rates, accuracy, meta_train
    from infwidth.limits.pi_net import Scales, initial, sampled
    from infwidth.seeding import numpy_stream

    pools = few_shot(data)
    for pool in pools:
        pool.check(spec.ways, spec.shots)

    def batch(pool: "TaskPool", seed: int, number: int) -> "Tasks":
        rng = task_stream(pool.part, seed, number)
        return pool.draw(rng, spec.tasks_per_batch, ways=spec.ways, shots=spec.shots)

    out = Rows(spec.lr, of="limit" if spec.width is None else "net")
    n_test = -(-spec.test_tasks // spec.tasks_per_batch)
    for seed in range(spec.n_seeds):
        net = initial(
            numpy_stream("init", "pi_maml", spec.rank, seed),
            d=pools.train.images.shape[1],
            d_o=spec.ways,
            rank=spec.rank,
            n_hidden=spec.n_hidden,
            scales=Scales(bias=spec.bias_scale),
        )
        if spec.width is not None:
            net = sampled(net, numpy_stream("init", "pi_maml", spec.width, spec.rank, seed), width=spec.width)
        learner = PiLearner(net, Rates(spec.lr, spec.inner_lr, spec.clip), first_lr=spec.first_lr)
        train, validation, test = (partial(batch, pool, seed) for pool in pools)
        out.add(0, "untrained_accuracy", accuracy(learner, test, n_test, spec.test_steps), seed=seed)
        history = meta_train(
            learner,
            train,
            validation,
            test,
            epochs=spec.epochs,
            batches_per_epoch=spec.batches_per_epoch,
            validation_batches=-(-spec.validation_tasks // spec.tasks_per_batch),
            test_batches=n_test,
            test_steps=spec.test_steps,
        )
        epochs = range(1, len(history.train_loss) + 1)
        out.add(epochs, "train_loss", history.train_loss, seed=seed)
        out.add(epochs, "clipped_fraction", history.clipped, seed=seed)
        out.add(epochs, "validation_accuracy", history.validation_accuracy, seed=seed)
        out.add(history.best_epoch, "test_accuracy", history.test_accuracy, seed=seed)
    return out
