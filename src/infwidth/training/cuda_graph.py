"""CUDA graphs: many small kernels started as one, which is what limits small nets on a GPU."""

from collections.abc import Callable

import torch

#: Calls that run as they are before one is recorded: libraries choose their kernels and take their memory in them.
WARM_UP = 3


class Replayed:
    """A function of tensors on a GPU, recorded once as a CUDA graph and replayed from then on.

    The function may change tensors in place and must read nothing back to the CPU. Its inputs have the same shapes each
    time; what it returns is valid until the next call.
    """

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        self._function = function
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Return what the function returns."""
        if self._calls < WARM_UP:
            self._calls += 1
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                output = self._function(*inputs)
            torch.cuda.current_stream().wait_stream(stream)
            return output
        if self._graph is None:
            self._graph, self._inputs = torch.cuda.CUDAGraph(), [tensor.clone() for tensor in inputs]
            with torch.cuda.graph(self._graph):  # records, and computes nothing
                self._output = self._function(*self._inputs)
        for static, given in zip(self._inputs, inputs, strict=True):
            static.copy_(given)
        self._graph.replay()
        return self._output
