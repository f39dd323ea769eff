"""The program of a training, as one reads it in the papers: its lines, and for each product the law of its limit.

A model is run on shapes alone, at two widths: axes that differ are neurons. With one of them a tensor is a vector (a
family of vectors, one for each example), with none it is a number, with two it is a matrix. Every operation then is a
line of a Tensor Program (Yang & Hu 2021, Def. 7.1-7.3), those of backpropagation among them:

    MatMul   h = W x: of one coordinate of h the limit is Ẑ + Ż, Ẑ Gaussian with covariance σ² E[x x'] for all products
             of one matrix, Ż = σ² Σ y E[∂x/∂Ẑ(u)] over all u = Wᵀ y before that x depends on
    NonLin   a function of vectors and numbers, coordinate by coordinate; its limit is that function of their limits
    Moment   an average over neurons, in the limit the expectation
    Update   a step of SGD; that of a matrix is a sum of outer products, of which a product with x takes E[x' x]

All is written in units in which vectors and numbers are of order one, η and σ of every matrix its own. A name stands
for what it is of all examples of a batch; products y E[…] are then summed over those of y.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from infwidth.errors import SpecError

_VIEWS = (
    *("t", "transpose", "permute", "view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "expand"),
    *("detach", "alias", "clone", "_to_copy", "select", "slice"),
)
_PRODUCTS = ("mm", "bmm", "addmm")
_INFIX = {"add": " + ", "sub": " - ", "mul": " ", "div": " / "}
#: Backward functions by the function whose slope they take.
_SLOPES = {"threshold": "relu"}


class Line(NamedTuple):
    """One line: ``kind`` (MatMul, NonLin, Moment, Number, Update), what it says, and the law of a product's limit."""

    kind: str
    text: str
    law: str = ""


class Program(NamedTuple):
    """The lines of a training, step by step."""

    steps: list[list[Line]]

    def __str__(self) -> str:
        """Return it as a text."""
        every = [line for step in self.steps for line in step]
        width = max(len(line.text) for line in every) + 2
        out = []
        for number, step in enumerate(self.steps):
            out.append(f"step {number}")
            out += [f"  {line.kind:<7} {line.text:<{width}}{line.law}".rstrip() for line in step]
        return "\n".join(out)


def program(
    build: Callable[[int], nn.Module],
    inputs: Sequence[torch.Tensor],
    loss: Callable[[torch.Tensor], torch.Tensor],
    *,
    steps: int = 2,
    width: int = 8,
) -> Program:
    """Return the program of ``steps`` steps of SGD of ``build(n)`` on ``loss`` of its outputs, each on the same inputs.

    Nothing is computed but shapes, at ``width`` and twice of it. ``loss`` may hold tensors of targets on the device
    "meta". Raises SpecError for models whose matrices are used otherwise than in products with vectors
    (convolutions), and for those that cannot be run on shapes alone.
    """
    traces = [_trace(build, n, inputs, loss, steps) for n in (width, 2 * width)]
    if [len(step.operations) for step in traces[0]] != [len(step.operations) for step in traces[1]]:
        raise SpecError("the model does other operations at another width, and its program has no limit")
    writer = _Writer()
    return Program(
        [writer.step(*pair, last=number == steps - 1) for number, pair in enumerate(zip(*traces, strict=True))]
    )


class _Operation(NamedTuple):
    name: str
    args: tuple[Any, ...]
    out: Any
    backward: bool


@dataclass
class _Step:
    """What one step does: parameters by name, operations in their order, gradients in the order of parameters."""

    parameters: Mapping[str, torch.Tensor]
    operations: list[_Operation]
    gradients: tuple[torch.Tensor | None, ...] = ()


class _Recorder(TorchDispatchMode):
    def __init__(self, operations: list[_Operation]) -> None:
        super().__init__()
        self.operations, self.backward = operations, False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.operations.append(_Operation(func._schema.name.removeprefix("aten::"), args, out, self.backward))
        return out


def _trace(
    build: Callable[[int], nn.Module],
    width: int,
    inputs: Sequence[torch.Tensor],
    loss: Callable[[torch.Tensor], torch.Tensor],
    steps: int,
) -> list[_Step]:
    with torch.device("meta"):
        net = build(width)
    on_meta = [x.to("meta") for x in inputs]
    parameters = {name: p for name, p in net.named_parameters() if p.requires_grad}
    found = []
    for _ in range(steps):
        step = _Step(parameters, [])
        try:
            with _Recorder(step.operations) as recorder:
                value = loss(net(*on_meta))
                recorder.backward = True
                step.gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
        except (RuntimeError, NotImplementedError) as error:
            raise SpecError(f"the model cannot be run on shapes alone: {error}") from error
        found.append(step)
    return found


@dataclass(frozen=True)
class _Symbol:
    """What a tensor is: its name, on how many neuron axes, and which products (Ẑ) its coordinates depend on.

    ``of`` is x where the tensor is φ(x); ``pairs`` are the vectors of a sum of outer products, ``sums`` whether it is
    one over examples; ``flipped`` whether a matrix stands transposed; ``numbers`` what a number is made of.
    """

    name: str
    axes: int
    deps: frozenset[str] = frozenset()
    of: str = ""
    pairs: tuple[tuple["_Symbol", "_Symbol", bool], ...] = ()
    flipped: bool = False
    numbers: tuple[str, ...] = ()


@dataclass
class _Writer:
    symbols: dict[int, _Symbol] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    #: Of every matrix: what it has learned, its products so far and those of its transpose (name, of what).
    learned: dict[str, list[tuple[_Symbol, _Symbol, bool]]] = field(default_factory=dict)
    products: dict[tuple[str, bool], list[tuple[str, _Symbol]]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    versions: dict[str, _Symbol] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)  # a tensor's id is its name while it lives

    def step(self, narrow: _Step, wide: _Step, *, last: bool) -> list[Line]:
        """Return the lines of one step."""
        self.lines, self.symbols = [], {}
        self.kept.append(narrow)
        for (name, a), b in zip(narrow.parameters.items(), wide.parameters.values(), strict=True):
            first = _Symbol(name, _grown(a, b))
            self.symbols[id(a)] = self.versions.setdefault(name, first)
        for ours, theirs in zip(narrow.operations, wide.operations, strict=True):
            self._write(ours, theirs)
        if not last:
            for name, gradient in zip(narrow.parameters, narrow.gradients, strict=True):
                if gradient is not None:
                    self._update(name, self._symbol(gradient))
        return self.lines

    def _write(self, operation: _Operation, wide: _Operation) -> None:
        if not isinstance(operation.out, torch.Tensor):
            if isinstance(operation.out, list | tuple) and any(isinstance(o, torch.Tensor) for o in operation.out):
                for out, theirs in zip(operation.out, wide.out, strict=True):
                    if out is not None:
                        self._function(operation, out, _grown(out, theirs))
            return
        axes = _grown(operation.out, wide.out)
        given = [self._symbol(a) for a in operation.args if isinstance(a, torch.Tensor)]
        if operation.name in _VIEWS and given:
            turned = operation.name in ("t", "transpose", "permute") and given[0].axes == 2
            symbol = given[0]
            self.symbols[id(operation.out)] = _replaced(symbol, flipped=not symbol.flipped) if turned else symbol
        elif operation.name in _PRODUCTS:
            self._product(operation, given, axes)
        else:
            self._function(operation, operation.out, axes)

    def _product(self, operation: _Operation, given: list[_Symbol], axes: int) -> None:
        *bias, left, right = given
        count = [left.axes, right.axes]
        if sorted(count) == [1, 2]:
            on_right = right.axes == 2
            matrix, x = (right, left) if on_right else (left, right)
            symbol = self._matmul(matrix, x, transposed=matrix.flipped != on_right, backward=operation.backward)
        elif axes == 2 and count == [1, 1]:
            sums = operation.args[-1].shape[-2] > 1
            symbol = _Symbol("", 2, pairs=((left, right, sums),))
        elif axes == 0 and count == [1, 1]:
            symbol = self._named("f", 0, numbers=())
            symbol = _replaced(symbol, numbers=(symbol.name,))
            self._say("Moment", f"{symbol.name} = E[{left.name} {right.name}]")
        elif axes == 1 and sorted(count) == [0, 1]:
            symbol = self._elementwise(operation, f"{self._text(left)} {self._text(right)}", [left, right])
        elif axes == 0 and count == [0, 0]:
            symbol = _Symbol("", 0, numbers=tuple(dict.fromkeys(left.numbers + right.numbers)))
        else:
            raise SpecError(f"a product of {left.name} and {right.name} is none of a matrix with a vector")
        if bias and (bias[0].axes or symbol.axes):
            text = f"{self._text(symbol)} + {self._text(bias[0])}"
            symbol = self._elementwise(operation, text, [symbol, bias[0]]) if symbol.axes else symbol
        self.symbols[id(operation.out)] = symbol

    def _matmul(self, matrix: _Symbol, x: _Symbol, *, transposed: bool, backward: bool) -> _Symbol:
        """Write a product with a matrix: with what it was at first, and with what it has learned."""
        name = matrix.name
        if not name:
            raise SpecError("a matrix that is no parameter is multiplied with a vector; its program cannot be written")
        symbol = self._named("g" if backward else "h", 1)
        shown, known = f"{name}{'ᵀ' if transposed else ''}", ""
        deps = {symbol.name}
        for d, before, sums in self.learned.get(name, []):
            out, inner = (before, d) if transposed else (d, before)
            known += f" - η {'Σ ' if sums else ''}{out.name} E[{inner.name} {x.name}]"
            deps |= out.deps
        terms = []
        for u, y in self.products.get((name, not transposed), []):
            if u in x.deps:
                terms.append(f"σ² {y.name} E[∂{x.name}/∂Ẑ({u})]")
                deps |= y.deps
        self._say(
            "MatMul",
            f"{symbol.name} = {shown} {x.name}{known}",
            f"Ẑ({symbol.name}) ~ N(0, σ² E[{x.name}²]),  Ż = {' + '.join(terms) or '0'}",
        )
        self.products.setdefault((name, transposed), []).append((symbol.name, x))
        return _replaced(symbol, deps=frozenset(deps))

    def _function(self, operation: _Operation, out: torch.Tensor, axes: int) -> None:
        """Write a function of vectors and numbers, or an average."""
        given = [self._symbol(a) for a in _tensors(operation.args)]
        name = operation.name.lstrip("_")
        most = max((s.axes for s in given), default=0)
        if most == 2 and axes < 2:
            raise SpecError(f"'{name}' takes a matrix between neurons; only products with vectors can be written")
        if axes == 2:
            pairs = tuple(pair for s in given for pair in _upright(s))
            if name not in ("add", "mul", "div") or not pairs:
                raise SpecError(f"'{name}' acts on a matrix between neurons; its program cannot be written")
            self.symbols[id(out)] = _Symbol("", 2, pairs=pairs)
        elif most == 1 and axes == 0:
            symbol = self._named("f", 0)
            self.symbols[id(out)] = _replaced(symbol, numbers=(symbol.name,))
            self._say("Moment", f"{symbol.name} = E[{' '.join(self._text(s) for s in given)}]")
        elif axes == 0:
            numbers = tuple(dict.fromkeys(n for s in given for n in s.numbers))
            self.symbols[id(out)] = _Symbol("", 0, numbers=numbers)
        else:
            self.symbols[id(out)] = self._elementwise(operation, self._call(name, operation.args, given), given)

    def _call(self, name: str, args: tuple[Any, ...], given: list[_Symbol]) -> str:
        texts = [self._text(self._symbol(a)) if isinstance(a, torch.Tensor) else str(a) for a in args[:2]]
        if name in _INFIX and len(texts) == 2:
            return _INFIX[name].join(texts)
        if name.endswith("_backward") and len(given) > 1:
            base = name.removesuffix("_backward")
            at = given[1].of or given[1].name
            return f"{self._text(given[0])} {_SLOPES.get(base, base)}′({at})"
        if name == "pow":
            return f"{texts[0]}^{texts[1]}"
        return f"{name}({', '.join(self._text(s) for s in given)})"

    def _elementwise(self, operation: _Operation, text: str, given: list[_Symbol]) -> _Symbol:
        vectors = [s for s in given if s.axes == 1]
        symbol = self._named("d" if operation.backward else "x", 1)
        self._say("NonLin", f"{symbol.name} = {text}")
        return _replaced(
            symbol,
            deps=frozenset().union(*(s.deps for s in vectors)),
            of=vectors[0].name if len(given) == 1 and vectors else "",
        )

    def _update(self, name: str, gradient: _Symbol) -> None:
        now = self.versions[name]
        if now.axes == 2:
            pairs = _upright(gradient)
            self.learned.setdefault(name, []).extend(pairs)
            text = "".join(f" - η {'Σ ' if sums else ''}{d.name} ⊗ {x.name}" for d, x, sums in pairs)
            self._say("Update", f"{name} ← {name}{text}")
        elif now.axes == 1:
            version = now.name.count("′") + 1
            later = f"{name}{'′' * version}"
            self._say("Update", f"{later} = {now.name} - η {gradient.name}")
            self.versions[name] = _replaced(now, name=later, deps=now.deps | gradient.deps)

    def _symbol(self, tensor: torch.Tensor) -> _Symbol:
        return self.symbols.get(id(tensor)) or _Symbol("ξ", 0)

    def _text(self, symbol: _Symbol) -> str:
        """Return a symbol's name; a number that has none is given one, with a line that says what it is made of."""
        if symbol.name:
            return symbol.name
        for key, value in self.symbols.items():
            if value is symbol:
                named = _replaced(self._named("χ", 0), numbers=symbol.numbers)
                for other, same in list(self.symbols.items()):
                    if same is symbol:
                        self.symbols[other] = named
                self._say("Number", f"{named.name} = a function of {', '.join(symbol.numbers) or 'data'}")
                return self.symbols[key].name
        return "1"

    def _named(self, letter: str, axes: int, **more: Any) -> _Symbol:
        self.counts[letter] = self.counts.get(letter, 0) + 1
        return _Symbol(f"{letter}{self.counts[letter]}", axes, **more)

    def _say(self, kind: str, text: str, law: str = "") -> None:
        self.lines.append(Line(kind, text, law))


def _replaced(symbol: _Symbol, **changes: Any) -> _Symbol:
    return _Symbol(**{**symbol.__dict__, **changes})


def _upright(matrix: _Symbol) -> tuple[tuple[_Symbol, _Symbol, bool], ...]:
    """Return the outer products of a sum, target first."""
    return tuple((x, d, sums) if matrix.flipped else (d, x, sums) for d, x, sums in matrix.pairs)


def _grown(a: torch.Tensor, b: torch.Tensor) -> int:
    """Return the number of axes of neurons, of one tensor at two widths."""
    return sum(i != j for i, j in zip(a.shape, b.shape, strict=True))


def _tensors(args: Sequence[Any]) -> list[torch.Tensor]:
    """Return the tensors among arguments, those in lists too."""
    found: list[torch.Tensor] = []
    for argument in args:
        if isinstance(argument, torch.Tensor):
            found.append(argument)
        elif isinstance(argument, list | tuple):
            found += _tensors(argument)
    return found
