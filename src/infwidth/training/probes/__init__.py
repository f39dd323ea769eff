"""Probes: what is measured at the evaluation steps. Each writes tidy rows and leaves the training as it was.

A probe may keep tensors of the whole ensemble in ``state``; checkpoints carry them, and ``combine`` turns those of all
seeds into rows of seed −1. Every probe takes ``at`` ("last": only at the last evaluation), and those of every layer
take ``layers`` (names: only of these).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infwidth.training.probes.alignment import Alignment
from infwidth.training.probes.attention import AttentionMaps
from infwidth.training.probes.base import Evaluation, LayerProbe, Probe
from infwidth.training.probes.ensemble import Ensemble
from infwidth.training.probes.losses import Logits, Losses, OutputScale
from infwidth.training.probes.ntk import NtkSpectrum
from infwidth.training.probes.representations import (
    FeatureKernels,
    Gradients,
    Norms,
    PreactivationHistograms,
    Preactivations,
    Representations,
)
from infwidth.training.probes.sharpness import Sharpness

__all__ = [
    "PROBES",
    "Alignment",
    "AttentionMaps",
    "Ensemble",
    "Evaluation",
    "FeatureKernels",
    "Gradients",
    "LayerProbe",
    "Logits",
    "Losses",
    "Norms",
    "NtkSpectrum",
    "OutputScale",
    "PreactivationHistograms",
    "Preactivations",
    "Probe",
    "Representations",
    "Sharpness",
    "make_probes",
]

PROBES: dict[str, type[Probe]] = {
    probe.name: probe
    for probe in (
        Losses,
        Ensemble,
        Logits,
        FeatureKernels,
        Preactivations,
        PreactivationHistograms,
        Norms,
        Representations,
        Gradients,
        OutputScale,
        Alignment,
        Sharpness,
        NtkSpectrum,
        AttentionMaps,
    )
}


def make_probes(specs: Sequence[Mapping[str, Any]]) -> list[Probe]:
    """Return fresh probes, one member's, for the ``probes`` list of a spec."""
    return [PROBES[spec["name"]](**{key: value for key, value in spec.items() if key != "name"}) for spec in specs]
