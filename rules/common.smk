# Functions only: where things lie, and what there is to build at the configured scale.

import atexit
import sys
from collections import Counter
from pathlib import Path

from infwidth.data.registry import datasets
from infwidth.data.sources import data_folder
from infwidth.errors import InfwidthError
from infwidth.experiments.catalog import check_catalog
from infwidth.experiments.rehearsal import REHEARSAL
from infwidth.experiments.settings import as_text, read_settings
from infwidth.papers import PAPERS_DIR, paper_folders
from infwidth.places import own_papers, use_own_papers
from infwidth.plan import entries, places
from infwidth.plan.captions import as_rst
from infwidth.plan.code import Package
from infwidth.plan.current import Currency, made, sets_of
from infwidth.plan.demand import Demand, bundles, demand, published_runs
from infwidth.plan.graph import in_catalog_order, load_graph
from infwidth.results.made import key_of
from infwidth.report.published import published_part, published_scales, with_published
from infwidth.specs.block import read
from infwidth.specs.config import Config
from infwidth.workflow import forks, lock, progress
from infwidth.workflow.due import Due
from infwidth.workflow.folders import check_writable, mend_times
from infwidth.workflow.gpu import gpu_is_used
from infwidth.workflow.targets import asked_for, check_names, check_targets

try:
    REHEARSED = read(Config, config, where="config/config.yaml or --config").rehearsal
    SETTINGS = as_text(read_settings(config.get("set")))
    if SETTINGS:
        config["set"] = SETTINGS  # one text, whichever way it was given
    if config.get("papers_dir"):
        use_own_papers(config["papers_dir"])  # in the environment: for this process and for all jobs
    ASKED_SCALE = config["scale"] + (REHEARSAL if REHEARSED else "")
    config["figures"] = with_published(config["figures"], Path("results/published") / config["scale"])
    GRAPH = load_graph(ASKED_SCALE, config["figures"], read_settings(SETTINGS))
    SCALE = GRAPH.scale
    if SETTINGS and config["tables"] == "published":
        raise InfwidthError("config: set: published tables have the papers' own settings; use tables=results")
    check_names(GRAPH)
    PACKAGE = Package(Path(forks.__file__).parents[1], places.KEPT / "code.json", own_papers())
    for figure in GRAPH.own:
        PACKAGE.code_of([*entries.of_figure(figure.paper, figure.name), *entries.of_claims(figure.paper)])
    CATALOG = GRAPH.catalog
    check_catalog(CATALOG, [*(figure.rule for figure in GRAPH.figures), *GRAPH.left_out])
    PUBLISHED_SCALES = published_scales(Path("results/published"))
    if config["tables"] == "published":
        GRAPH = published_part(GRAPH, Path("results/published"), all_figures=config["figures"] == "all")
    DATA_DIR = data_folder(config["data_dir"])
    RUNS = published_runs(Path("results/published"))
    check_writable([".snakemake", "results", f"results/{SCALE}", "results/cells", "results/logs"])
except InfwidthError as error:
    raise WorkflowError(str(error)) from None

PUBLISHED = f"results/published/{SCALE}"

# Where what speaks of all figures goes; of some, asked for by name, it goes into a folder of their own.
FOLDER = SCALE if config["figures"] == "all" else GRAPH.folder
TOLD_IN = f"results/{FOLDER}"

# With published tables there are no cells to tell the provenance of: it is published beside them.
PROVENANCE = f"{PUBLISHED}/cells.csv" if config["tables"] == "published" else f"{TOLD_IN}/cells.csv"

UNRECORDED = Demand(config["unrecorded_memory_mb"], config["unrecorded_minutes"])

IN_ORDER = in_catalog_order(GRAPH.papers.values(), CATALOG)

# What pages and catalog print of the papers' files.
SAID = key_of([[paper.name, paper.document] for paper in GRAPH.papers.values()], GRAPH.titles)


# The report sorts by the alphabet; a number in front, with zeros, keeps the order of the catalog.
def numbered(items):
    digits = len(str(len(items)))
    return {name: f"{place:0{digits}d}. {title}" for place, (name, title) in enumerate(items.items(), start=1)}


CATEGORIES = numbered({paper.name: paper.title for paper in IN_ORDER})
LABELS = {}
for paper in IN_ORDER:
    LABELS |= numbered({figure.rule: figure.title for figure in paper.figures})


# None are given where nothing is run: to list rules, to show a report.
CORES = workflow.resource_settings.cores or 1 if workflow.resource_settings else 1

# What the small jobs are told of the configuration (see ask.py): names that have been checked. In the environment, because
# another selection of figures changes no job.
SELECTION = "all" if not GRAPH.left_out else ",".join(figure.rule for figure in GRAPH.figures)
TOLD = (
    f"--scale {ASKED_SCALE} --tables {config['tables']} --figures {SELECTION} --folder {FOLDER}"
    f" --device {config['device']} --execution {config['execution']}" + (f" --set {SETTINGS}" if SETTINGS else "")
)

CURRENT = Currency(PACKAGE, GRAPH, published=config["tables"] == "published")
atexit.register(CURRENT.remember)

# The process that starts a run; those that run its jobs on other machines read these rules too.
IS_MAIN = workflow.is_main_process
if IS_MAIN:
    if lock.take_over(places.KEPT, Path(".snakemake") / "locks"):
        print("a run that was stopped had left its lock: taken over", file=sys.stderr)
    mend_times([places.CELLS, places.PREPARED, places.RESULTS / SCALE])
forks.announce(places.KEPT, TOLD)
DUE = Due(places.KEPT)


# Return the digest of the code behind a job whose script is ``name``.
def code_of_script(name):
    return PACKAGE.code_of([f"infwidth.workflow.scripts.{name}"])


def table_file(paper, experiment):
    return str(CURRENT.table_file(paper, experiment))


def figure_file(figure, suffix):
    return str(places.figure_file(SCALE, figure.paper, figure.name, suffix))


# Empty for computations that need no data. What is current and was computed elsewhere, on data that are not here, does
# not wait for them: that another cell has them prepared is no reason to compute this one again.
def data_records(cell):
    records = [f"results/data/{name}/record.json" for name in sets_of(cell.spec)]
    return [record for record in records if Path(record).exists() or not CURRENT.is_current_cell(cell)]


PREPARATION = code_of_script("prepare_data")


# Prepared set → data set and options. Those without options can be asked for by name, needed or not.
SETS = {name: (name, {}) for name in datasets()}
for cell in GRAPH.cells.values():
    SETS |= sets_of(cell.spec)


# Return whether a set is prepared by the code of now from the files of now. One that is not there is missing, not due.
def is_prepared(prepared):
    folder = places.PREPARED / prepared
    if not (folder / "record.json").exists():
        return True
    from infwidth.data.current import is_current

    dataset, options = SETS[prepared]
    note = places.PREPARED / f".{prepared}.made.json"
    return made([folder / "record.json"], PREPARATION, note) and is_current(dataset, options, DATA_DIR, folder)


def is_current_table(paper, experiment):
    return made([CURRENT.table_file(paper, experiment)], CURRENT.table_key(paper, experiment))


def is_current_ledger(paper):
    return made([places.claims_file(FOLDER, paper)], CURRENT.claims_key(GRAPH.papers[paper]))


def due_figure(figure):
    files = [places.figure_file(SCALE, figure.paper, figure.name, suffix) for suffix in ("pdf", "png")]
    return lambda wildcards: DUE.unless(made(files, CURRENT.figure_key(figure)))


# Where a cluster computes, this machine's GPU says nothing. Snakemake chooses its executor after it has read the rules.
def uses_gpu():
    return gpu_is_used(config["device"], here=workflow.local_exec)


BUNDLES = bundles(GRAPH.cells.values(), RUNS)
TOGETHER = Counter(BUNDLES.values())


# A cell that joins others tells everything of them: once it is current, their files may be gone.
def due_members(cell):
    return [] if CURRENT.is_current_cell(cell) else [str(places.cell_file(member)) for member in cell.members]


# Return what the job of a cell asks a cluster for. One that was killed asks for more the next time; a training goes on
# from its checkpoint.
def asked(cell, attempt):
    gpu = cell.kind == "train" and uses_gpu()
    once = demand(cell.id, RUNS, gpu=gpu, unrecorded=UNRECORDED, alone=TOGETHER[BUNDLES[cell.id]] == 1)
    return Demand(attempt * once.memory_mb, attempt * once.minutes)


def tables_of_paper(wildcards):
    return [table_file(*table) for table in GRAPH.papers[wildcards.paper].tables]


# Each pass of a scheduler that limits the rate of jobs arms another timer for a pass: of a thousand jobs the last are
# looked at hundreds of times a second. A cluster's queue wants the limit; what runs here does not.
def look_only_when_a_job_ends():
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


# Say what is to be computed, and note it for the lines that follow each cell. Snakemake knows its jobs by now.
def tell_start():
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "cell"]
    if jobs:
        cells = {job.wildcards.cell: GRAPH.cells[job.wildcards.cell] for job in jobs}
        if SETTINGS:
            print(f"changed settings, results in results/{SCALE}: {SETTINGS}", file=sys.stderr)
        seconds = {name: RUNS[name].seconds for name in cells if name in RUNS}
        print(progress.begin(cells, seconds, CORES), file=sys.stderr, flush=True)


# Called when all rules are known.
def check_rule_names():
    if IS_MAIN and Path(sys.argv[0]).name in ("snakemake", "__main__.py"):
        try:
            check_targets(asked_for(sys.argv[1:]), [rule.name for rule in workflow.rules], GRAPH.left_out)
        except InfwidthError as error:
            raise WorkflowError(str(error)) from None


# What the list of rules says of figures and papers.
def describe():
    for paper in GRAPH.papers.values():
        workflow.get_rule(paper.name).docstring = f"All of {paper.reference}"
        for figure in paper.figures:
            workflow.get_rule(figure.rule).docstring = figure.title
