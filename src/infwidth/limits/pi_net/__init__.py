r"""π-nets: ReLU nets whose hidden gradients are projected onto r random directions, of finite and of infinite width.

Yang, Santacroce & Hu 2022, "Efficient Computation of Deep Nonlinear Infinite-Width Neural Networks that Learn
Features", and their code (santacml/pilim). Every hidden layer l has a fixed Gaussian matrix Ω_l [n, r], and the columns
of its weights' gradients are projected onto the span of Ω_l before a step of SGD. With initial weights in that span all
preactivations stay there: h_l(ξ) = Ω_l g_l(ξ), and a net is known by the vectors g_l(ξ) ∈ R^r. In units in which no
power of n is left, with φ the ReLU and means over the n neurons,

    g_1 = A_1ᵀ ξ,    g_l(ξ) = n⁻¹ Σ_α u_α φ(ω_α · g_{l-1}(ξ)),    f(ξ) = n⁻¹ Σ_α u_α φ(ω_α · g_L(ξ)),

u_α ∈ R^r (of the readout ∈ R^{d_o}) what is trained. As n → ∞ the mean is an integral over ω ~ N(0, 1_r): u is a sum
of neurons φ(ω · b_m), of the start and of all examples seen, and the layer is

    g_l(ξ) = Σ_m c_m a_m V(b_m, g_{l-1}(ξ)),    V(b, g) = E φ(ω · b) φ(ω · g),

the arc-cosine kernel of degree one. SGD *appends*: a = ∂L/∂g_l, b = g_{l-1}, c = -η for every example of a batch. So
the π-limit is a chain of L kernel machines of r outputs each, trained by functional gradient descent, exact in float64.
Both kinds of net are one class here, :class:`~infwidth.limits.pi_net.net.PiNets`, with other layers.

After N examples a net at infinite width holds N (2r + 1) numbers a layer, and a step on B of them takes N B r products:
time grows as N². One of width n holds n r a layer (and n r for Ω), never n²; a step takes B n r.
"""

from infwidth.limits.pi_net.initial import Scales, aligned, finite, initial, sampled
from infwidth.limits.pi_net.net import PiNets, Rates

__all__ = ["PiNets", "Rates", "Scales", "aligned", "finite", "initial", "sampled"]
