"""Figures of the Harvard post, a module a subject: tables in, figures out."""

from infwidth.papers.harvard2024.figures.consistency import bias_variance, logits, loss_curves, representations
from infwidth.papers.harvard2024.figures.dmft import dmft_kernels
from infwidth.papers.harvard2024.figures.transfer import depth_mup_transfer, sp_no_transfer
from infwidth.papers.harvard2024.figures.width import mup_vs_ntk, ntk_vs_width

__all__ = [
    "bias_variance",
    "depth_mup_transfer",
    "dmft_kernels",
    "logits",
    "loss_curves",
    "mup_vs_ntk",
    "ntk_vs_width",
    "representations",
    "sp_no_transfer",
]
