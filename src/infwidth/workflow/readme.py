"""The part of the README that published results write: the claims, and the figures made from the same tables."""

import json
from pathlib import Path

import pandas as pd

from infwidth.errors import SpecError

BEGIN = "<!-- published: written by ./run python -m infwidth readme -->"
END = "<!-- end of published -->"


def claims_table(claims: pd.DataFrame) -> str:
    """Return the claims as a Markdown table."""
    lines = ["| claim | expected | measured (95 % interval, n seeds) | verdict |", "|---|---|---|---|"]
    for claim in claims.to_dict("records"):
        interval = f"{claim['measured']:.3g} ({claim['ci_low']:.3g} … {claim['ci_high']:.3g}, {claim['n']})"
        measured = interval if claim["n"] > 0 else "—"
        statement = f"{claim['statement']} `{claim['paper']}_{claim['figure']}`"
        lines.append(f"| {statement} | {claim['expected']} | {measured} | {claim['verdict']} |")
    return "\n".join(lines)


def summary(folder: Path) -> str:
    """Return one line on a published scale: where it is, the verdicts, and the figures that were not run."""
    verdicts = pd.read_csv(folder / "claims.csv")["verdict"].value_counts()
    counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
    left_out = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["figures_not_run"]
    missing = f" Not run at this scale: {', '.join(f'`{name}`' for name in left_out)}." if left_out else ""
    return f"**{folder.name}** (`results/published/{folder.name}/`): {counts}.{missing}"


def gallery(folder: str, names: list[str]) -> str:
    """Return the figures as a Markdown table of two columns, each under its name."""
    cells = [f"`{name}`<br>![{name}]({folder}/{name}.png)" for name in names]
    rows = [cells[i : i + 2] + [""] * (2 - len(cells[i : i + 2])) for i in range(0, len(cells), 2)]
    return "\n".join(["| | |", "|---|---|", *(f"| {left} | {right} |" for left, right in rows)])


def with_published(readme: str, published: Path) -> str:
    """Return the README's text with what is published between its two marks: a line a scale, then laptop.

    Raises SpecError where the marks are not there.
    """
    if BEGIN not in readme or END not in readme:
        raise SpecError(f"README.md: the marks '{BEGIN}' and '{END}' are not there")
    head, rest = readme.split(BEGIN)
    claims = pd.read_csv(published / "laptop" / "claims.csv")
    figures = gallery(
        "results/published/laptop/figures",
        sorted(path.stem for path in (published / "laptop" / "figures").glob("*.png")),
    )
    scales = sorted(path.name for path in published.iterdir())
    parts = ["\n".join(f"- {summary(published / scale)}" for scale in scales), claims_table(claims), figures]
    return f"{head}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{rest.split(END)[1]}"
