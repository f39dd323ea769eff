"""The part of the README that published results write: the claims, and the figures made from the same tables."""

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


def gallery(folder: str, names: list[str]) -> str:
    """Return the figures as a Markdown table of two columns, each under its name."""
    cells = [f"`{name}`<br>![{name}]({folder}/{name}.png)" for name in names]
    rows = [cells[i : i + 2] + [""] * (2 - len(cells[i : i + 2])) for i in range(0, len(cells), 2)]
    return "\n".join(["| | |", "|---|---|", *(f"| {left} | {right} |" for left, right in rows)])


def with_published(readme: str, published: Path) -> str:
    """Return the README's text with the published laptop scale between its two marks.

    Raises SpecError where the marks are not there.
    """
    if BEGIN not in readme or END not in readme:
        raise SpecError(f"README.md: the marks '{BEGIN}' and '{END}' are not there")
    head, rest = readme.split(BEGIN)
    claims = pd.read_csv(published / "laptop" / "claims.csv")
    counts = ", ".join(f"{n} {verdict}" for verdict, n in claims["verdict"].value_counts().items())
    figures = gallery(
        "results/published/laptop/figures",
        sorted(path.stem for path in (published / "laptop" / "figures").glob("*.png")),
    )
    parts = [f"At laptop scale: {counts}.", claims_table(claims), figures]
    return f"{head}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{rest.split(END)[1]}"
