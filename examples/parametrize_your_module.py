"""A module of your own, made width-independent: parametrize it, train it, draw its coordinate check.

    ./run python examples/parametrize_your_module.py [FOLDER]

The module below knows nothing of parametrizations. What is needed is the same module at a base width, at which the
hyperparameters were tuned, and one more width, which shows which dimensions grow.
"""

import sys
from pathlib import Path

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from infwidth.parametrization import CoordinateCheck, Plan, coordinate_check, parametrize
from infwidth.plotting.style import style, width_colours

BASE_WIDTH, WIDTHS, LR = 32, (32, 64, 128, 256), 0.1


class YourModule(nn.Module):
    """An example: a read-in, a normalised residual block and a readout, of any width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read_in = nn.Linear(16, width)
        self.norm = nn.LayerNorm(width)
        self.block = nn.Linear(width, width)
        self.readout = nn.Linear(width, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs [P, 16] to logits [P, 4]."""
        h = torch.relu(self.read_in(x))
        h = h + torch.relu(self.block(self.norm(h)))
        return self.readout(h)


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Return four Gaussian clouds: inputs [256, 16] and labels [256]."""
    chance = torch.Generator().manual_seed(0)
    labels = torch.arange(256) % 4
    centres = torch.randn(4, 16, generator=chance)
    return centres[labels] + torch.randn(256, 16, generator=chance), labels


def plan_for(model: nn.Module, base_model: nn.Module, rule: str = "mup") -> Plan:
    """Return what to set: one init scale and learning rate a parameter, equal for all rules at the base width."""
    with torch.device("meta"):
        other = YourModule(BASE_WIDTH + 1)
    return parametrize(model, base_model, rule, optimizer="sgd", lr=LR, delta_model=other)


def train(width: int, rule: str = "mup", steps: int = 50) -> list[float]:
    """Train the module at one width and return its losses; only init and optimizer are the plan's."""
    x, y = data()
    model = YourModule(width)
    plan = plan_for(model, YourModule(BASE_WIDTH), rule)
    plan.init_(model, seed=0)
    optimizer = plan.optimizer(model)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def check(rule: str = "mup") -> CoordinateCheck:
    """Return the coordinate check: do activations and their changes scale with width as the rule says?"""
    x, y = data()
    return coordinate_check(
        YourModule,
        lambda model, base_model: plan_for(model, base_model, rule),
        WIDTHS,
        base_width=BASE_WIDTH,
        inputs=x,
        targets=y,
        loss=F.cross_entropy,
    )


def draw(checks: dict[str, CoordinateCheck], curves: dict[tuple[str, int], list[float]]) -> Figure:
    """Draw, for each rule, the change of every module's output against width, and the losses."""
    figure, panels = plt.subplots(2, len(checks), figsize=(4.2 * len(checks), 6.2), sharey="row", squeeze=False)
    colours = width_colours(WIDTHS)
    for (rule, found), (change, loss) in zip(checks.items(), panels.T, strict=True):
        changes = found.table[(found.table.statistic == "change") & (found.table.step == found.table.step.max())]
        for module, rows in changes.groupby("module", sort=False):
            means = rows.groupby("width").value.mean()
            change.plot(means.index, means, marker="o", label=module)
        change.set_xscale("log", base=2)
        change.set_yscale("log")
        change.set_xlabel("width")
        change.set_title(f"{rule}: coordinate check {found.verdict}")
        for width in WIDTHS:
            loss.plot(curves[rule, width], color=colours[width], label=f"width {width}")
        loss.set_xlabel("training step")
    panels[0, 0].set_ylabel("mean |output − initial output|")
    panels[1, 0].set_ylabel("training loss")
    panels[0, 0].legend()
    panels[1, 0].legend()
    return figure


def main(folder: Path) -> None:
    """Print the plan and the verdicts; write the figure to ``folder``."""
    for row in plan_for(YourModule(max(WIDTHS)), YourModule(BASE_WIDTH)).table():
        print(f"{row['parameter']:16} {row['role']:8} init std {row['init_std']:<8.3g} lr {row['lr']:.3g}")
    rules = ("mup", "sp")  # the second is PyTorch's habit, as a negative control
    checks = {rule: check(rule) for rule in rules}
    for found in checks.values():
        print(found.explain())
    curves = {(rule, width): train(width, rule) for rule in rules for width in WIDTHS}
    folder.mkdir(parents=True, exist_ok=True)
    with style():
        draw(checks, curves).savefig(folder / "coordinate_check.png")
    print(f"wrote {folder / 'coordinate_check.png'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results/examples"))
