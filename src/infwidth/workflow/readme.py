"""The part of the README that published results write."""

from pathlib import Path

import pandas as pd

from infwidth.errors import SpecError

BEGIN = "<!-- claims: written by ./run python -m infwidth readme -->"
END = "<!-- end of claims -->"


def claims_table(claims: pd.DataFrame) -> str:
    """Return the claims as a Markdown table."""
    lines = ["| claim | expected | measured (95 % interval, n seeds) | verdict |", "|---|---|---|---|"]
    for claim in claims.to_dict("records"):
        measured = (
            f"{claim['measured']:.3g} ({claim['ci_low']:.3g} … {claim['ci_high']:.3g}, {claim['n']})"
            if claim["n"] > 0
            else "—"
        )
        statement = f"{claim['statement']} `{claim['paper']}_{claim['figure']}`"
        lines.append(f"| {statement} | {claim['expected']} | {measured} | {claim['verdict']} |")
    return "\n".join(lines)


def with_claims(readme: str, published: Path) -> str:
    """Return the README's text with the claims of the published laptop scale between its two marks.

    Raises SpecError where the marks are not there.
    """
    if BEGIN not in readme or END not in readme:
        raise SpecError(f"README.md: the marks '{BEGIN}' and '{END}' are not there")
    head, rest = readme.split(BEGIN)
    table = claims_table(pd.read_csv(published / "laptop" / "claims.csv"))
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}"
