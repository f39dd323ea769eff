"""The probe of the edge of stability: the top eigenvalue of the Hessian, in units in which stability ends at two."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.training.evaluation import Evaluation
from infwidth.training.examples import CHUNK, Examples, examples
from infwidth.training.probes.base import Probe

#: So many examples' graphs are kept from one product to the next; of more, each part's is made anew, to save memory.
KEPT = 512


class Sharpness(Probe):
    """The largest eigenvalue of D^½ H D^½: H the Hessian of the training loss, D the learning rates of the plan.

    It is η·λ_max(H) where all parameters learn at one rate η, and the same number in every gauge; gradient descent
    without momentum is stable below 2. H is that of the first ``points`` training examples (all by default).
    ``iterations`` products with H are taken an evaluation, for a Lanczos search that starts where the last one ended:
    where the power iteration takes ten products to come within a percent, it takes four, and it finds the largest
    eigenvalue, not the largest in size.
    """

    name = "sharpness"

    def __init__(self, *, iterations: int, points: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.iterations, self.points = iterations, points

    def start(self, evaluation: Evaluation) -> None:
        """Refuse optimizers whose steps are no multiples of the gradient; raises SpecError."""
        optimizer = evaluation.member.plan.optimizer_name
        if optimizer != "sgd":
            raise SpecError(f"probe sharpness: its measure of stability holds for sgd, not for {optimizer}")

    def write(self, evaluation: Evaluation, rows: Rows) -> None:
        """Write ``sharpness``; nothing where the Hessian is not finite any more."""
        product, example = _preconditioned_hessian(evaluation, self.points)
        start = self.state["vector"].to(example) if "vector" in self.state else _noise(example, 0)
        value, vector = top_eigenpair(product, start, self.iterations)
        if vector is None:
            return
        rows.add(evaluation.step, "sharpness", value)
        self.state = {} if evaluation.last else {"vector": vector.cpu()}


def _noise(like: torch.Tensor, number: int) -> torch.Tensor:
    stream = torch_stream("evaluation", "sharpness", number)
    return torch.randn(like.shape, generator=stream, dtype=torch.float64).to(like)


def top_eigenpair(
    product: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, iterations: int
) -> tuple[float, torch.Tensor | None]:
    """Return the largest eigenvalue and its unit vector, as seen in the Krylov space of ``iterations`` products.

    ``product`` multiplies a vector by a symmetric matrix. The basis is made orthogonal in full, and where the space is
    exhausted a random direction continues it. The vector is None if a product is not finite.
    """
    basis, images = [start / start.norm()], []
    tiny = 10 * torch.finfo(start.dtype).eps
    while True:
        images.append(product(basis[-1]))
        if not images[-1].isfinite().all():
            return float("nan"), None
        if len(images) == min(iterations, start.numel()):
            break
        spanned, image = torch.stack(basis), images[-1]
        direction = _orthogonal(image, spanned)
        if direction.norm() <= tiny * image.norm():
            direction = _orthogonal(_noise(start, len(basis)), spanned)
        basis.append(direction / direction.norm())
    spanned = torch.stack(basis)
    projected = (spanned @ torch.stack(images).T).double()
    values, vectors = torch.linalg.eigh((projected + projected.T) / 2)
    vector = vectors[:, -1].to(start) @ spanned
    return values[-1].item(), vector / vector.norm()


def _orthogonal(vector: torch.Tensor, spanned: torch.Tensor) -> torch.Tensor:
    for _ in range(2):  # once leaves rounding errors that grow
        vector = vector - (spanned @ vector) @ spanned
    return vector


def _preconditioned_hessian(
    evaluation: Evaluation, points: int | None
) -> tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor]:
    """Return v ↦ D^½ H D^½ v on all trainable parameters in a row, and a vector of the kind it takes."""
    member = evaluation.member
    named = [(name, p) for name, p in member.model.named_parameters() if p.requires_grad]
    parameters = [p for _, p in named]
    root = torch.cat([torch.full_like(p, member.plan[name].lr ** 0.5).flatten() for name, p in named])
    of = examples(evaluation.data, "train", slice(0, points))
    parts = list(of.chunks(CHUNK))

    def gradient(part: Examples) -> torch.Tensor:
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):  # the fused attentions have no second derivative
            loss = evaluation.loss(member.outputs(part), part.y) * (len(part) / len(of))
            return _in_a_row(torch.autograd.grad(loss, parameters, create_graph=True))

    kept = [gradient(part) for part in parts] if len(of) <= KEPT else None

    def product(v: torch.Tensor) -> torch.Tensor:
        scaled, total = root * v, torch.zeros_like(v)
        for number, part in enumerate(parts):
            of_part = gradient(part) if kept is None else kept[number]
            seconds = torch.autograd.grad(
                of_part, parameters, scaled, retain_graph=kept is not None, allow_unused=True, materialize_grads=True
            )
            total += _in_a_row(seconds)
        return root * total

    return product, root


def _in_a_row(tensors: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
