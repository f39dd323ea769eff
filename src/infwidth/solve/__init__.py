"""Computations of their own (kind ``solve``): exact limits, small nets beside them, algebra.

Each is a module: its typed block ``Spec`` beside ``rows``, as :mod:`infwidth.specs` says. Only what a cell names is
imported, and the import is light: planning reads the blocks.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infwidth.errors import SpecError, nearest
from infwidth.papers import paper_module, papers_with
from infwidth.registry import load
from infwidth.results.rows import Rows
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import pandas as pd

    from infwidth.data.load import Data

__all__ = ["COMPUTATIONS", "block_of", "blocks", "solve"]

COMPUTATIONS = {
    "abc_verdicts": "infwidth.solve.abc_verdicts:rows",
    "alternating_dmft": "infwidth.solve.alternating_dmft:rows",
    "catapults": "infwidth.solve.catapults:rows",
    "circle_nets": "infwidth.solve.circle_nets:rows",
    "cntk": "infwidth.solve.cntk:rows",
    "convolution_ensembles": "infwidth.solve.convolution_ensembles:rows",
    "correlation": "infwidth.solve.correlation:rows",
    "deep_linear_dmft": "infwidth.solve.deep_linear_dmft:rows",
    "depth_sweep": "infwidth.solve.depth_sweep:rows",
    "desiderata": "infwidth.solve.desiderata:rows",
    "ensemble_law": "infwidth.solve.ensemble_law:rows",
    "field_dynamics": "infwidth.solve.field_dynamics:rows",
    "first_steps": "infwidth.solve.first_steps:rows",
    "flowing_nets": "infwidth.solve.flowing_nets:rows",
    "gauge_orbit": "infwidth.solve.gauge_orbit:rows",
    "gaussian_particles": "infwidth.solve.gaussian_particles:rows",
    "image_curves": "infwidth.solve.image_curves:rows",
    "image_limits": "infwidth.solve.image_limits:rows",
    "infinite_training": "infwidth.solve.infinite_training:rows",
    "initial_kernels": "infwidth.solve.initial_kernels:rows",
    "kernel_components": "infwidth.solve.kernel_components:rows",
    "kernel_regression": "infwidth.solve.kernel_regression:rows",
    "largest_rate": "infwidth.solve.largest_rate:rows",
    "lazy_images": "infwidth.solve.lazy_images:rows",
    "lazy_nets": "infwidth.solve.lazy_nets:rows",
    "linear_mup": "infwidth.solve.linear_mup:rows",
    "linear_residual": "infwidth.solve.linear_residual:rows",
    "linear_theories": "infwidth.solve.linear_theories:rows",
    "linearized_images": "infwidth.solve.linearized_images:rows",
    "linearized_nets": "infwidth.solve.linearized_nets:rows",
    "maml": "infwidth.solve.maml:rows",
    "nonlinear_mup": "infwidth.solve.nonlinear_mup:rows",
    "one_step": "infwidth.solve.one_step:rows",
    "parameter_roles": "infwidth.solve.parameter_roles:rows",
    "pi_maml": "infwidth.solve.pi_maml:rows",
    "pi_projection": "infwidth.solve.pi_projection:rows",
    "pi_rank": "infwidth.solve.pi_rank:rows",
    "rate_sweep": "infwidth.solve.rate_sweep:rows",
    "residual_nets": "infwidth.solve.residual_nets:rows",
    "residual_sweep": "infwidth.solve.residual_sweep:rows",
    "resnet_sweep": "infwidth.solve.resnet_sweep:rows",
    "richness_family": "infwidth.solve.richness_family:rows",
    "richness_knobs": "infwidth.solve.richness_knobs:rows",
    "richness_paths": "infwidth.solve.richness_paths:rows",
    "richness_sweep": "infwidth.solve.richness_sweep:rows",
    "richness_toy": "infwidth.solve.richness_toy:rows",
    "scaled_nets": "infwidth.solve.scaled_nets:rows",
    "solver_costs": "infwidth.solve.solver_costs:rows",
    "sphere_nets": "infwidth.solve.sphere_nets:rows",
    "sphere_regression": "infwidth.solve.sphere_regression:rows",
    "stable_polyhedron": "infwidth.solve.stable_polyhedron:rows",
    "stable_rate": "infwidth.solve.stable_rate:rows",
    "transformer_coordinates": "infwidth.solve.transformer_coordinates:rows",
    "transformer_sweep": "infwidth.solve.transformer_sweep:rows",
    "transposed_weights": "infwidth.solve.transposed_weights:rows",
    "vit_sweep": "infwidth.solve.vit_sweep:rows",
    "word2vec": "infwidth.solve.word2vec:rows",
}


def solve(spec: Computation, data: "Data | None") -> "pd.DataFrame":
    """Return the rows of a computation; ``data`` is of a kind that its block takes, None where it takes none."""
    return _function(spec.name)(spec, data).frame()


def block_of(name: str) -> type[Computation]:
    """Return the block of the computation ``name``; raises SpecError where there is none."""
    block = _block(_function(name))
    assert block is not None, f"the first parameter of '{name}' has no type"
    return block


def _function(name: str) -> Callable[..., Rows]:
    """Return what computes: one of those above, or, for ``<paper>.<function>``, of that paper's own."""
    paper, _, function = name.rpartition(".")
    if not paper:
        rows: Callable[..., Rows] = load(COMPUTATIONS, name, kind="computation")
        return rows
    papers = papers_with("solve")
    if paper not in papers:
        raise SpecError(f"no paper '{paper}' with computations of its own{nearest(paper, papers)}")
    own = _own(paper)
    if function not in own:
        raise SpecError(f"unknown computation '{name}'{nearest(function, own)}; {paper} has {', '.join(own)}")
    return own[function]


def blocks() -> list[type[Computation]]:
    """Return the blocks of all computations, those of papers last."""
    own = [f"{paper}.{function}" for paper in papers_with("solve") for function in _own(paper)]
    return [block_of(name) for name in (*COMPUTATIONS, *own)]


def _own(paper: str) -> dict[str, Callable[..., Rows]]:
    """Return the computations of a paper, by the names of their functions."""
    return {key: value for key, value in vars(paper_module(paper, "solve")).items() if _block(value)}


def _block(value: Any) -> type[Computation] | None:
    """Return the type of a function's first parameter, if it is the block of a computation."""
    parameters = list(inspect.signature(value).parameters.values()) if inspect.isfunction(value) else []
    first = parameters[0].annotation if parameters else None
    return first if inspect.isclass(first) and issubclass(first, Computation) else None
