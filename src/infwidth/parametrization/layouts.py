"""Layouts: which dimension of a parameter of torch's own modules is summed over, and which one it produces."""

from dataclasses import dataclass
from enum import StrEnum

from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import ParametrizationList


class Kind(StrEnum):
    """How a parameter starts, at any width: matrix N(0, 1/fan_in), embedding N(0, 1), gain 1, shift 0."""

    MATRIX = "matrix"
    EMBEDDING = "embedding"
    GAIN = "gain"
    SHIFT = "shift"


@dataclass(frozen=True)
class Layout:
    """What a parameter is: its kind and, of a matrix, the axes of fan-out and fan-in.

    ``groups``: into how many independent parts a grouped convolution splits its channels. ``transposed`` matrices hold
    (in, out / groups, …) instead of (out, in / groups, …).
    """

    kind: Kind
    transposed: bool = False
    groups: int = 1

    @property
    def fan_in_axis(self) -> int:
        """Axis of the dimension summed over; without meaning for vectors."""
        return 0 if self.transposed else 1

    @property
    def fan_out_axis(self) -> int:
        """Axis of the dimension produced; without meaning for vectors."""
        return 1 if self.transposed else 0


NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
_TRANSPOSED = nn.modules.conv._ConvTransposeNd
_CONVOLUTIONS = nn.modules.conv._ConvNd
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
#: Of torchvision's vision transformer: vectors that are added or put beside those of the patches, [1, T, N].
_TOKENS = {
    ("torchvision.models.vision_transformer", "VisionTransformer", "class_token"),
    ("torchvision.models.vision_transformer", "Encoder", "pos_embedding"),
}


def normalisation_of(module: nn.Module, attribute: str) -> str | None:
    """Return ``weight_norm`` or ``spectral_norm`` if what ``module`` keeps under this attribute is a part of one."""
    if isinstance(module, ParametrizationList):
        if any(isinstance(of, parametrizations._WeightNorm) for of in module):
            return "weight_norm"
        return "spectral_norm" if any(isinstance(of, parametrizations._SpectralNorm) for of in module) else None
    weight, _, part = attribute.rpartition("_")  # the older functions of torch.nn.utils
    if part in ("g", "v") and hasattr(module, f"{weight}_g") and hasattr(module, f"{weight}_v"):
        return "weight_norm"
    return "spectral_norm" if part == "orig" and hasattr(module, f"{weight}_u") else None


def layout_of(module: nn.Module, attribute: str) -> Layout | None:
    """Return what ``module`` keeps under this attribute; None if the module's layout is not known here."""
    matrix, shift = Layout(Kind.MATRIX), Layout(Kind.SHIFT)
    if hasattr(module, f"{attribute.removesuffix('_orig')}_mask"):  # pruned: its mask is a buffer beside it
        attribute = attribute.removesuffix("_orig")
    if isinstance(module, NORMS):
        return Layout(Kind.GAIN) if attribute == "weight" else shift
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return Layout(Kind.EMBEDDING)
    if isinstance(module, nn.PReLU):
        return Layout(Kind.GAIN)
    if isinstance(module, nn.MultiheadAttention):
        return {"in_proj_bias": shift, "bias_k": None, "bias_v": None}.get(attribute, matrix)
    if isinstance(module, _RECURRENT):
        return matrix if attribute.startswith("weight_") else shift
    if any((of.__module__, of.__name__, attribute) in _TOKENS for of in type(module).__mro__):
        return Layout(Kind.EMBEDDING)
    if attribute not in ("weight", "bias"):
        return None
    if isinstance(module, _CONVOLUTIONS):
        transposed = isinstance(module, _TRANSPOSED)
        return Layout(Kind.MATRIX, transposed, module.groups) if attribute == "weight" else shift
    if isinstance(module, nn.Linear):
        return matrix if attribute == "weight" else shift
    if type(module).__name__ == "Conv1D" and hasattr(module, "nf"):  # of the transformers library: a Linear, transposed
        return Layout(Kind.MATRIX, transposed=True) if attribute == "weight" else shift
    return None
