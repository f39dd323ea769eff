"""What figures and claims share, and the numbers that the authors report (README of the released code)."""

import math

import pandas as pd

from infwidth.analysis.lr_optimum import nets_at_best
from infwidth.analysis.statistics import Estimate, change_per_doubling, mean_over_seeds, student
from infwidth.analysis.table import NotTestableError, Table, Tables

#: Kinds of nets, in the order of the paper's table.
NNGP, NTK, MUP, FINITE, LIMIT = "NNGP", "NTK", "finite μ-net", "finite π-net", "infinite π-net"

#: Test accuracy on CIFAR-10, and on Omniglot 5-way 1-shot.
REPORTED = {
    "images": {NNGP: 0.5892, NTK: 0.5963, MUP: 0.6131, FINITE: 0.6064, LIMIT: 0.6150},
    "few-shot": {NNGP: 0.4380, NTK: 0.5172, MUP: 0.9122, FINITE: 0.9221, LIMIT: 0.9146},
}

#: From so many images on the order of kernels and nets on CIFAR-10 can be tested; with few, kernels are known to win.
ENOUGH_IMAGES = 10_000


def n_images(table: Table) -> int:
    """Return the number of training images."""
    return int(max(table.values("train_size")))


def tuned(nets: Table, metric: str = "test_accuracy") -> pd.DataFrame:
    """Return a metric of μ-nets at the end, every width at its rate of the lowest mean train loss; a row a net."""
    return nets_at_best(nets, metric="train_loss").at_end().nets(metric)


def accuracies(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return the final test accuracies of every kind of net (of widest nets and at the largest rank), a row a seed."""
    of_pi, of_kernels, of_mup = tables["images"].at_end(), tables["images_kernels"], tuned(tables["images_mup"])
    of_largest = of_pi.at(rank=max)
    return {
        NNGP: of_kernels.at(kernel="nngp").limit("test_accuracy"),
        NTK: of_kernels.at(kernel="ntk").limit("test_accuracy"),
        MUP: of_mup[of_mup.width == of_mup.width.max()],
        FINITE: of_largest.at(width=max).nets("test_accuracy"),
        LIMIT: of_largest.limit("test_accuracy"),
    }


def limit_less(tables: Tables, other: str) -> Estimate:
    """Return the infinite π-net's test accuracy less that of another kind, on images enough for the statement.

    The interval is over seeds and over the draw of the test set, as if the two sides had one each.
    """
    if (images := n_images(tables["images"])) < ENOUGH_IMAGES:
        raise NotTestableError(f"The statement is on all of CIFAR-10; {images} small images are where kernels win.")
    of_all = accuracies(tables)
    limit, reference = of_all[LIMIT].value, float(of_all[other].value.mean())
    of_seeds = mean_over_seeds((limit - reference).to_numpy())
    drawn = sum(p * (1 - p) for p in (float(limit.mean()), reference)) / max(tables["images"].values("test_size"))
    half = math.hypot((of_seeds.high - of_seeds.low) / 2, 1.96 * math.sqrt(drawn))
    return Estimate(of_seeds.value, of_seeds.value - half, of_seeds.value + half, of_seeds.n)


def rises_with_rank(images: Table) -> Estimate:
    """Return the change of the infinite π-net's final accuracy per doubling of the rank."""
    rows = images.at_end().limit("test_accuracy")
    if rows["rank"].nunique() < 2:
        raise NotTestableError("Fewer than two ranks are run at this scale.")
    return change_per_doubling(rows, x="rank")


def extrapolated_gap(curve: Table, n_hidden: int) -> Estimate:
    """Return the final loss of finite nets extrapolated in 1/n from the two largest widths, less the limit's.

    In units of the limit's initial loss; standard errors of the two means are added as independent.
    """
    at = curve.at(n_hidden=n_hidden)
    narrow, wide = at.values("width")[-2:]
    losses = {n: at.at_end().at(width=n).nets("loss").value.to_numpy() for n in (narrow, wide)}
    of_limit = at.at(width=wide).limit("limit_loss").sort_values("step").value.to_numpy()
    weights = {wide: wide / (wide - narrow), narrow: -narrow / (wide - narrow)}
    value = sum(weights[n] * losses[n].mean() for n in losses) - of_limit[-1]
    error = math.sqrt(sum(weights[n] ** 2 * losses[n].var(ddof=1) / len(losses[n]) for n in losses))
    n_seeds = len(losses[wide])
    unit = of_limit[0]
    return student(value / unit, error / unit, n_seeds)


def moved(kernels: Table) -> float:
    """Return how far training moves the feature kernel of the infinite π-net, of all that there are the least."""
    return float(kernels.limit("kernel_movement").value.min())


def trained_less_untrained(maml: Table) -> pd.Series:
    """Return for every seed the accuracy of the infinite π-net less that before the first outer step."""
    trained, untrained = (
        maml.limit(metric).set_index("seed").value for metric in ("test_accuracy", "untrained_accuracy")
    )
    return (trained - untrained).dropna()


def of_infinite_rank(ranks: Table, activation: str = "relu") -> pd.DataFrame:
    """Return the distances of the π-limit of infinite rank from the samples of the μP limit."""
    rows = ranks.at(activation=activation).nets("distance")
    return rows[rows["rank"].isna()]


def exact_rank(ranks: Table) -> float:
    """Return the distance of the π-limit of linear nets with orthonormal vectors from their μP limit."""
    return float(of_infinite_rank(ranks, "linear").value.max())


def over_infinite_rank(ranks: Table) -> pd.Series:
    """Return the distances of ReLU nets at the largest rank over that at infinite rank."""
    rows = of_random_vectors(ranks, "relu")
    return rows[rows["rank"] == rows["rank"].max()].value / of_infinite_rank(ranks).value.mean()


def at_full_rank(projection: Table) -> pd.DataFrame:
    """Return the distances of π-nets of rank r = n from the ordinary net."""
    rows = shares(projection)
    return rows[rows.share == 1]


def of_random_vectors(ranks: Table, activation: str) -> pd.DataFrame:
    """Return the distances from the μP limit of π-limits of finite rank."""
    rows = ranks.at(activation=activation).nets("distance")
    return rows[rows["rank"].notna()]


def shares(projection: Table, activation: str = "relu") -> pd.DataFrame:
    """Return distances of π-nets from the ordinary net; column share: r/n."""
    rows = projection.at(activation=activation).nets("distance")
    return rows.assign(share=rows["index"] / rows.width)


def half_of_the_rank(projection: Table) -> pd.Series:
    """Return for every widest net its distance half way in rank from d + 1 to n over that at d + 1."""
    rows = shares(projection)
    widest = rows[rows.width == rows.width.max()]
    by_rank = widest.pivot(index="seed", columns="index", values="value")
    ranks = sorted(by_rank.columns)
    return by_rank[ranks[len(ranks) // 2]] / by_rank[ranks[0]]
