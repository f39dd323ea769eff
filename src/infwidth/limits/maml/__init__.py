r"""First-order MAML of linear μP nets, of their infinite-width limit and of infinitely wide nets in the kernel regime.

Yang & Hu 2021, "Feature Learning in Infinite-Width Neural Networks" (Sec. 9.2, Algorithms 2 to 4), and their code where
the paper is silent. A task has a support and a query set with labels; L is the mean cross-entropy over either, and
χ = ∂L/∂f its derivative by the outputs, one row an example. One outer step, for a batch of tasks that are all treated
at once: adapt to every support set by plain gradient steps of size ε, starting from the same parameters; take the
gradient of every query loss at the *adapted* parameters (first order: the adaptation is not differentiated); **sum**
these gradients over the tasks; if the norm G of the sum exceeds the clip g, scale it by ρ = g/G; step by η ρ times it.
There is no momentum. The sum, not the mean, makes G large: nearly every step is clipped, so that steps have a length
of nearly η g.
"""
