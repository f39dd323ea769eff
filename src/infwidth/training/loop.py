"""The loop over the updates of some nets: when to evaluate, when to stop, where it can be taken up again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import Examples
from infwidth.training.member import Member
from infwidth.training.problem import Problem

#: Learning rate and seed.
Net = tuple[float, int]
#: What a checkpoint can hold: plain containers and tensors.
State = dict[str, Any]


@dataclass(frozen=True)
class Divergence:
    """A net's loss is not finite any more, after ``step`` updates with one that was. Its training is over.

    It is no failure: the largest stable learning rate is a thing to measure.
    """

    net: Net
    step: int


@dataclass(frozen=True)
class Pause:
    """A moment between two updates; ``state`` returns what :meth:`Loop.events` needs to go on from here."""

    state: Callable[[], State]


Event = Evaluation | Divergence | Pause


class Updates(Protocol):
    """How nets are trained: one alone or several at once."""

    def step(self, batch: Examples) -> torch.Tensor:
        """Update all nets on a batch; return their losses before it, one or [nets]."""

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the nets at these places only."""

    def state(self) -> State:
        """Return what is kept beside the nets themselves."""

    def load(self, state: State) -> None:
        """Take back what :meth:`state` returned."""


class Loop:
    """Trains ``nets`` on a problem, with the same batches.

    Args:
        problem: what all nets have in common.
        nets: learning rates and seeds.
        updates: makes the way to train them, from the nets at initialisation.
    """

    def __init__(
        self, problem: Problem, nets: Sequence[Net], updates: Callable[[Problem, list[Member]], Updates]
    ) -> None:
        self.problem, self.nets, self._updates = problem, tuple(nets), updates

    def events(self, resumed: Mapping[str, Any] | None = None) -> Iterator[Event]:
        """Train; yield the evaluation of each net where one is due, what diverged, and every pause.

        Evaluations are of the nets as they are: look before asking for the next event. ``resumed`` is the state of a
        pause of the same loop; after it come the events that came after the pause, with the same bits.
        """
        problem, start, nets, finite = self.problem, 0, list(self.nets), [0] * len(self.nets)
        if resumed:
            start, nets, finite = resumed["step"], [(lr, seed) for lr, seed in resumed["nets"]], resumed["finite"]
        members = [problem.member(lr, seed) for lr, seed in nets]
        updates = self._updates(problem, members)
        if resumed:
            for member, kept in zip(members, resumed["members"], strict=True):
                member.load(kept)
            updates.load(resumed["updates"])
        # Counted on the device, read at evaluations only: reading each step would stall a GPU.
        counts = torch.tensor(finite, device=problem.device)

        def state() -> State:
            return {
                "step": step,
                "nets": [(member.lr, member.seed) for member in members],
                "finite": counts.tolist(),
                "members": [member.state() for member in members],
                "updates": updates.state(),
            }

        pause = Pause(state)
        for step in range(start, problem.steps + 1):
            if step in problem.evaluation_steps and not (resumed and step == start):
                finite = counts.tolist()
                for member, count in zip(members, finite, strict=True):
                    if count < step:
                        yield Divergence((member.lr, member.seed), count)
                places = [place for place, count in enumerate(finite) if count == step]
                if len(places) < len(members):
                    members, counts = [members[place] for place in places], counts[places]
                    updates.keep(places)
                for member in members:
                    member.model.eval()  # a batch normalisation then uses the averages it has kept
                    yield problem.evaluation(member, step)
                    member.model.train()
            if step == problem.steps or not members:
                return
            yield pause
            counts += updates.step(problem.batch(step)).isfinite()
