# Functions only: where things lie, and what there is to build at the configured scale.

from pathlib import Path

from infwidth.errors import InfwidthError
from infwidth.experiments.catalog import check_catalog, read_catalog, read_titles
from infwidth.experiments.papers import PAPERS_DIR
from infwidth.specs.block import read
from infwidth.specs.config import Config
from infwidth.plan.demand import Demand, demand, is_small, published_runs
from infwidth.workflow.folders import check_writable
from infwidth.workflow.gpu import gpu_is_used
from infwidth.plan.graph import CODE, code_hash, in_catalog_order, solve_code, load_graph
from infwidth.report.published import published_part, published_scales

try:
    read(Config, config, where="config/config.yaml or --config")
    GRAPH = load_graph(config["scale"], config["figures"])
    CATALOG = read_catalog()
    check_catalog(CATALOG, [*(figure.rule for figure in GRAPH.figures), *GRAPH.left_out])
    PUBLISHED_SCALES = published_scales(Path("results/published"))
    if config["tables"] == "published":
        GRAPH = published_part(GRAPH, Path("results/published"), all_figures=config["figures"] == "all")
    RUNS = published_runs(Path("results/published"))
    check_writable([".snakemake", "results", f"results/{config['scale']}", "results/cells", "results/logs"])
except InfwidthError as error:
    raise WorkflowError(str(error)) from None

SCALE = config["scale"]
PUBLISHED = f"results/published/{SCALE}"

# With published tables there are no cells to tell the provenance of: it is published beside them.
PROVENANCE = f"{PUBLISHED}/cells.csv" if config["tables"] == "published" else f"results/{SCALE}/cells.csv"

UNRECORDED = Demand(config["unrecorded_memory_mb"], config["unrecorded_minutes"])

IN_ORDER = in_catalog_order(GRAPH.papers.values(), CATALOG)


# The report sorts by the alphabet; a number in front, with zeros, keeps the order of the catalog.
def numbered(items):
    digits = len(str(len(items)))
    return {name: f"{place:0{digits}d}. {title}" for place, (name, title) in enumerate(items.items(), start=1)}


CATEGORIES = numbered({paper.name: paper.title for paper in IN_ORDER})
LABELS = {}
for paper in IN_ORDER:
    LABELS |= numbered({figure.rule: figure.title for figure in paper.figures})


def cell_file(cell):
    return f"results/cells/{cell.kind}/{cell.id}.parquet"


def table_file(paper, experiment):
    root = PUBLISHED if config["tables"] == "published" else f"results/{SCALE}"
    return f"{root}/tables/{paper}/{experiment}.parquet"


def figure_file(figure, suffix):
    return f"results/{SCALE}/figures/{figure.paper}/{figure.name}.{suffix}"


# Empty for exact limits that need no data. Ancient: data prepared anew is the same data (its digest is in the cell's
# provenance), and a cell taken over from another machine must not wait for data that only that machine has.
def data_records(cells):
    names = sorted({name for cell in cells for name in cell.spec.datasets})
    return [ancient(f"results/data/{name}/record.json") for name in names]


# For the message of a job. It is a resource because a changed param would rerun the job, and this one counts all cells.
def title(cells):
    number = list(GRAPH.cells).index(cells[0].id) + 1
    more = f" and {len(cells) - 1} more of its experiment" if len(cells) > 1 else ""
    return f"cell {number} of {len(GRAPH.cells)}: {cells[0].title}{more}"


# Where a cluster computes, this machine's GPU says nothing. Snakemake chooses its executor after it has read the rules.
def uses_gpu():
    return gpu_is_used(config["device"], here=workflow.local_exec)


def asked(cells):
    gpu = cells[0].kind == "train" and uses_gpu()
    return demand([cell.id for cell in cells], RUNS, gpu=gpu, unrecorded=UNRECORDED)


# A job that a cluster killed asks for more the next time; a training goes on from its checkpoint.
def memory_mb(cells):
    return lambda wildcards, attempt: attempt * asked(cells).memory_mb


def minutes(cells):
    return lambda wildcards, attempt: attempt * asked(cells).minutes


def tables_of_paper(wildcards):
    return [table_file(*table) for table in GRAPH.papers[wildcards.paper].tables]
