"""Probes: what is measured at the evaluation steps. Each writes tidy rows and leaves the training as it was.

A probe sees single nets only. What the ensemble of all seeds needs of each goes into ``outputs``, which are files, and
``combine`` turns those of all seeds into rows of seed −1: in the same cell, or where cells of one seed each are joined.
Every probe takes ``at`` ("last": only at the last evaluation), and those of every layer take ``layers`` (names: only of
these).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infwidth.registry import load
from infwidth.training.evaluation import Evaluation
from infwidth.training.probes.base import LayerProbe, Probe

__all__ = ["PROBES", "Evaluation", "LayerProbe", "Probe", "make_probes"]

PROBES = {
    "losses": "infwidth.training.probes.losses:Losses",
    "ensemble": "infwidth.training.probes.ensemble:Ensemble",
    "logits": "infwidth.training.probes.losses:Logits",
    "feature_kernels": "infwidth.training.probes.representations:FeatureKernels",
    "preactivations": "infwidth.training.probes.representations:Preactivations",
    "preactivation_histograms": "infwidth.training.probes.representations:PreactivationHistograms",
    "norms": "infwidth.training.probes.representations:Norms",
    "representations": "infwidth.training.probes.representations:Representations",
    "gradients": "infwidth.training.probes.representations:Gradients",
    "output_scale": "infwidth.training.probes.losses:OutputScale",
    "alignment": "infwidth.training.probes.alignment:Alignment",
    "sharpness": "infwidth.training.probes.sharpness:Sharpness",
    "ntk_spectrum": "infwidth.training.probes.ntk:NtkSpectrum",
    "attention_maps": "infwidth.training.probes.attention:AttentionMaps",
}


def make_probes(specs: Sequence[Mapping[str, Any]]) -> list[Probe]:
    """Return fresh probes, one member's, for the ``probes`` list of a spec."""
    return [
        load(PROBES, spec["name"], kind="probe")(**{key: value for key, value in spec.items() if key != "name"})
        for spec in specs
    ]
