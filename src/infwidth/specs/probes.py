"""Blocks of probes: the arguments of the constructors in ``infwidth.training.probes``, which say what each measures."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infwidth.specs.block import LARGEST, Block, Count, Listed, Positive, Says, Several, Text, unsaid

Bins = Annotated[int, Field(ge=2, le=LARGEST), Says("must be a number of bins, at least two")]


class Probe(Block):
    """Base of all probes: ``at`` "last" measures at the last evaluation only."""

    at: Literal["last"] | None = unsaid()


class LayerProbe(Probe):
    """Base of the probes that can be told of which ``layers`` to speak."""

    layers: Several[Text] | None = unsaid()


class Losses(Probe):
    """Test loss and accuracy, with ``train`` train loss; at the end also on so many ``parts`` of the test set."""

    name: Literal["losses"]
    train: bool = unsaid(True)
    parts: Count | None = unsaid()


class Ensemble(Probe):
    """The ensemble of all seeds, on the first ``points`` test examples (all by default)."""

    name: Literal["ensemble"]
    points: Count | None = unsaid()


class Logits(Probe):
    """The correct logits of the first ``points`` test examples."""

    name: Literal["logits"]
    points: Count


class FeatureKernels(LayerProbe):
    """Gram matrices of the preactivations."""

    name: Literal["feature_kernels"]
    points: Count
    of: Literal["test", "train"] = unsaid("test")


class Preactivations(LayerProbe):
    """A sample of preactivations."""

    name: Literal["preactivations"]
    points: Count
    units: Count


class PreactivationHistograms(LayerProbe):
    """Densities of the preactivations in ``bins`` equal parts of [−``range``, ``range``]."""

    name: Literal["preactivation_histograms"]
    points: Count
    bins: Bins
    range: Positive


class Norms(LayerProbe):
    """Norms of parameters and of their changes; layers are parameters here."""

    name: Literal["norms"]


class Representations(LayerProbe):
    """Relative change of the preactivations."""

    name: Literal["representations"]


class Gradients(LayerProbe):
    """Size of the gradients with respect to the preactivations."""

    name: Literal["gradients"]


class OutputScale(Probe):
    """Root mean square of the outputs."""

    name: Literal["output_scale"]


class Alignment(LayerProbe):
    """Alignment of initial weights with the change of their input."""

    name: Literal["alignment"]


class Sharpness(Probe):
    """The top eigenvalue of the preconditioned Hessian, by so many products an evaluation."""

    name: Literal["sharpness"]
    iterations: Count
    points: Count | None = unsaid()


class NtkSpectrum(Probe):
    """Spectrum of the tangent kernel on test images."""

    name: Literal["ntk_spectrum"]
    points: Count


class AttentionMaps(LayerProbe):
    """Attention maps of the first ``places`` of test windows."""

    name: Literal["attention_maps"]
    points: Count
    places: Count


AnyProbe = Annotated[
    Losses
    | Ensemble
    | Logits
    | FeatureKernels
    | Preactivations
    | PreactivationHistograms
    | Norms
    | Representations
    | Gradients
    | OutputScale
    | Alignment
    | Sharpness
    | NtkSpectrum
    | AttentionMaps,
    Field(discriminator="name"),
]


def _each_once(probes: "tuple[AnyProbe, ...]") -> "tuple[AnyProbe, ...]":
    names = [probe.name for probe in probes]
    for name in names:
        if names.count(name) > 1:
            raise PydanticCustomError("says", "{words}", {"words": f"probe '{name}' is there twice"})
    return probes


Probes = Annotated[Listed[AnyProbe], AfterValidator(_each_once)]
