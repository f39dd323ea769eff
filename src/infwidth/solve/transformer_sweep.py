"""Transformers trained at many learning rates, and at other values of one hyperparameter at a time, side by side."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.solve.rows_of_rates import RowsOfRates
from infwidth.solve.stacked_transformers import Member, Schedule, StackedTransformers, Transformers, n_weights
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Nets, Positive, Several, unsaid

if TYPE_CHECKING:
    import numpy as np

    from infwidth.data.tokens import Windows

#: Weights of the nets that are trained side by side: 256 MiB in single precision.
_SIDE_BY_SIDE = 2**26


class Spec(Transformers):
    """Adam on the cross-entropy of a text that repeats, ``batch_size`` windows a step, at each of the rates ``lrs``.

    Nets at the rate ``tuned_lr`` (one of ``lrs``, where others are swept) have other output multipliers, attention
    multipliers, scales of the initial hidden matrices or schedules besides, one of these changed at a time.
    ``steps_factor`` and ``batch_factor`` multiply steps and batch, which a rehearsal makes few.
    ``evaluations``: into so many parts training is divided, as equal as they can be. A batch is at most the whole text.
    """

    name: Literal["transformer_sweep"]
    lrs: Several[Positive]
    tuned_lr: Positive | None = unsaid()
    output_multipliers: Several[Positive] | None = unsaid()
    attention_multipliers: Several[Positive] | None = unsaid()
    init_scales: Several[Positive] | None = unsaid()
    schedules: Several[Schedule] | None = unsaid()
    steps: Count
    batch_size: Count
    steps_factor: Count = unsaid(1)
    batch_factor: Count = unsaid(1)
    evaluations: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Windows,)

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        swept = self.swept
        if bool(swept) != (self.tuned_lr is not None):
            raise ValueError("tuned_lr is the rate at which other hyperparameters are swept; say both or neither")
        if self.tuned_lr is not None and self.tuned_lr not in self.lrs:
            raise ValueError(f"tuned_lr {self.tuned_lr} must be one of lrs, where all else has its usual value")
        return self

    @property
    def all_steps(self) -> int:
        """Steps of a training."""
        return self.steps_factor * self.steps

    @property
    def swept(self) -> dict[str, tuple[float | Schedule, ...]]:
        """The hyperparameters besides the rate that are swept, by their names in :class:`Member`, and their values."""
        lists: dict[str, tuple[float | Schedule, ...] | None] = {
            "output_multiplier": self.output_multipliers,
            "attention_multiplier": self.attention_multipliers,
            "init_scale": self.init_scales,
            "schedule": self.schedules,
        }
        return {name: values for name, values in lists.items() if values is not None}


def rows(spec: Spec, data: "Windows") -> Rows:
    """Return the losses of every net, and what its hyperparameters are.

    ``index`` numbers the settings of what is not the rate, 0 the usual one.

    - ``running_loss``: the loss on the batches, before each is learned from, mean over a part of training; its step is
      the last of the part. A net whose loss is not finite any more has a row ``diverged`` and no losses from then on
    - ``output_multiplier``, ``attention_multiplier``, ``init_scale``, ``schedule`` (its place in the list), each
      where it is swept: of the usual setting, and where it is another
    """
    import numpy as np

    out = RowsOfRates(spec.lrs)
    spans = np.array_split(np.arange(spec.all_steps), min(spec.evaluations, spec.all_steps))
    ends = np.array([span[-1] + 1 for span in spans])
    together = max(1, _SIDE_BY_SIDE // n_weights(spec, data.x_train.shape[1], data.n_classes))
    nets = list(_members(spec))
    for part in (nets[start : start + together] for start in range(0, len(nets), together)):
        losses = _losses(spec, data, [member for _, member in part])
        means = np.stack([losses[span].mean(0) for span in spans])
        for place, (index, member) in enumerate(part):
            mine, finite = out.at[member.lr], np.isfinite(means[:, place])
            mine.add(ends[finite], "running_loss", means[finite, place], seed=member.seed, index=index)
            if not finite.all():
                lost = int(np.isfinite(losses[:, place]).argmin())
                mine.add(lost, "diverged", lost, seed=member.seed, index=index)
    if spec.tuned_lr is not None:
        usual, tuned = Member(0, spec.tuned_lr), out.at[spec.tuned_lr]
        for index, (changed, setting) in enumerate(_settings(spec)):
            for name, values in spec.swept.items():
                if changed in (None, name):
                    value = setting.get(name, getattr(usual, name))
                    number = values.index(value) if name == "schedule" else value
                    tuned.add(0, name, number, seed=np.arange(spec.n_seeds), index=index)
    return out


def _settings(spec: Spec) -> list[tuple[str | None, dict[str, float | Schedule]]]:
    """Return the settings of what is not the rate, and which hyperparameter is changed; the first is the usual one."""
    usual = Member(0, spec.lrs[0])
    return [
        (None, {}),
        *(
            (name, {name: value})
            for name, values in spec.swept.items()
            for value in values
            if value != getattr(usual, name)
        ),
    ]


def _members(spec: Spec) -> Iterator[tuple[int, Member]]:
    """Yield all nets, each with the number of its setting: the usual one at all rates, others at the tuned one."""
    for index, (_, setting) in enumerate(_settings(spec)):
        for lr in spec.lrs if index == 0 else (spec.tuned_lr,):
            for seed in range(spec.n_seeds):
                yield index, Member(seed, lr, **setting)  # type: ignore[arg-type]


def _losses(spec: Spec, data: "Windows", members: list[Member]) -> "np.ndarray":
    """Return the loss on every batch before it is learned from, [steps, members]."""
    import torch

    from infwidth.data.streams import Batches

    nets = StackedTransformers(spec, members, context=data.x_train.shape[1], vocabulary=data.n_classes)
    batches = Batches(len(data.x_train), min(spec.batch_factor * spec.batch_size, len(data.x_train)))
    losses = []
    for step in range(spec.all_steps):
        seen = batches.indices(step)
        losses.append(nets.step(data.x_train[seen], data.y_train[seen], step / spec.all_steps))
    return torch.stack(losses).double().numpy()
