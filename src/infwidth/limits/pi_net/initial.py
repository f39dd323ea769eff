"""Where π-nets start: at infinite width as in the authors' code, and at finite width as samples of that."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infwidth.errors import SpecError
from infwidth.limits.pi_net.layers import FiniteLayer, InfiniteLayer, Layer, ReadIn
from infwidth.limits.pi_net.moments import ACTIVATIONS
from infwidth.limits.pi_net.net import PiNets


class Scales(NamedTuple):
    """Factors of the outputs of the first layer and of the readout, and of all biases (zero for none)."""

    first: float = 1.0
    last: float = 1.0
    bias: float = 0.0


def initial(
    rng: np.random.Generator,
    *,
    d: int,
    d_o: int,
    rank: int,
    n_hidden: int,
    n_nets: int = 1,
    scales: Scales | None = None,
    zero_readout: bool = False,
    activation: str = "relu",
) -> PiNets:
    """Return ``n_nets`` untrained nets of infinite width and ``rank`` r, float64.

    Columns of A_1 [d, r] are random unit vectors; layers start as r terms of random unit vectors b, with a ~ N(0, 1/r)
    in hidden layers and a ~ N(0, 1/r²), or zero, in the readout. So |g_l| grows as √r from layer to layer. Raises
    SpecError for sizes below one.
    """
    if min(d, d_o, rank, n_hidden, n_nets) < 1:
        raise SpecError(f"d, d_o, rank, n_hidden and n_nets must be at least 1, not {(d, d_o, rank, n_hidden, n_nets)}")
    scales, phi = scales or Scales(), ACTIVATIONS[activation]

    def normals(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal((n_nets, *shape)))

    def zeros(k: int) -> Tensor:
        return torch.zeros(n_nets, k, dtype=torch.float64)

    layers: list[Layer] = [
        ReadIn(_unit(normals(d, rank), 1), zeros(rank), scale=scales.first, bias_scale=scales.bias),
    ]
    for depth in range(n_hidden):
        last = depth == n_hidden - 1
        k = d_o if last else rank
        b = _unit(normals(rank, rank), 2)
        a = normals(rank, k) / (rank if last else rank**0.5)
        c = torch.full((n_nets, rank), 0.0 if last and zero_readout else 1.0, dtype=torch.float64)
        layers.append(
            InfiniteLayer((a, b, c), zeros(k), phi, scale=scales.last if last else 1.0, bias_scale=scales.bias)
        )
    return PiNets(layers)


def aligned(*, d: int, rank: int, activation: str, rng: np.random.Generator | None = None, n_nets: int = 1) -> PiNets:
    """Return nets of infinite width with one hidden layer and one output that start as in μP: W_1 and v as Gaussians.

    Rows of W_1 are N(0, 1/d) and entries of the readout v N(0, 1), independent, so that f_0 = 0. Both are of the form
    of a π-net, as v_α = ω_α · e = φ(ω_α · e) - φ(-ω_α · e). Without ``rng`` W_1 and v are the first d + 1 columns of Ω,
    and the net does not depend on the rank beyond; with it they are random vectors N(0, 1/r) of R^r, orthonormal up to
    r^(-1/2). Raises SpecError for a rank below d + 1.
    """
    if rank < d + 1:
        raise SpecError(f"rank is {rank}; W_1 and v are {d + 1} independent Gaussians, which need as large a rank")
    if rng is None:
        vectors = torch.eye(d + 1, rank, dtype=torch.float64).expand(n_nets, -1, -1)
    else:
        vectors = torch.from_numpy(rng.standard_normal((n_nets, d + 1, rank))) / rank**0.5
    e = vectors[:, d:]
    signs = torch.tensor([1.0, -1.0], dtype=torch.float64).expand(n_nets, -1)
    # A linear φ needs one of the two terms; of both, each counts half.
    weights = signs.new_full(signs.shape, 1.0 if activation == "relu" else 0.5)
    none = vectors.new_zeros(n_nets, 1)
    read_in = ReadIn(vectors[:, :d] / d**0.5, none.expand(-1, rank), scale=1.0, bias_scale=0.0)
    terms = (signs[..., None], torch.cat([e, -e], 1), weights)
    return PiNets([read_in, InfiniteLayer(terms, none, ACTIVATIONS[activation], scale=1.0, bias_scale=0.0)])


def _unit(vectors: Tensor, dim: int) -> Tensor:
    return vectors / torch.linalg.vector_norm(vectors, dim=dim, keepdim=True)


def sampled(nets: PiNets, rng: np.random.Generator, *, width: int, n_nets: int | None = None) -> PiNets:
    """Return nets of ``width`` n, samples of nets of infinite width: one of each, or ``n_nets`` of a single one.

    Ω_l ~ N(0, 1) [n, r] are drawn for every hidden layer. From r = n on the projection is the identity, and the nets
    are ordinary ones in μP. Raises SpecError where the nets are not of infinite width.
    """
    read_in, *others = nets.layers
    if not isinstance(read_in, ReadIn):
        raise SpecError("the first layer of a π-net is its read-in")
    n_nets = n_nets or len(read_in.weights)
    rank = read_in.weights.shape[2]
    omegas = [torch.from_numpy(rng.standard_normal((n_nets, width, rank))) for _ in others]
    return finite(nets, omegas)


def finite(nets: PiNets, omegas: list[Tensor]) -> PiNets:
    """Return nets of finite width with these Ω_l [S, n, r], whose weights are those of ``nets``, of infinite width."""
    read_in, *others = nets.layers
    assert isinstance(read_in, ReadIn)
    n_nets, width, _ = omegas[0].shape
    metrics = [torch.linalg.pinv(Ω.mT @ Ω / width, hermitian=True) for Ω in omegas]

    def bias(layer: Layer) -> Tensor:
        return layer.bias.expand(n_nets, -1)

    layers: list[Layer] = [
        ReadIn(
            read_in.weights.expand(n_nets, -1, -1),
            bias(read_in),
            scale=read_in.scale,
            bias_scale=read_in.bias_scale,
            metric=metrics[0],
        )
    ]
    for layer, Ω, metric in zip(others, omegas, [*metrics[1:], None], strict=True):
        if not isinstance(layer, InfiniteLayer):
            raise SpecError("only a π-net of infinite width can be sampled; this one has a layer of finite width")
        a, b, c = layer.terms
        u = layer.phi.value(Ω @ b.mT) @ (c[..., None] * a)
        layers.append(
            FiniteLayer(u, Ω, bias(layer), layer.phi, scale=layer.scale, bias_scale=layer.bias_scale, metric=metric)
        )
    return PiNets(layers)
