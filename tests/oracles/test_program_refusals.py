"""What has no limit, or no room, is refused by name and with what to do."""

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.programs import infinite, memory
from infwidth.programs.moments import check_moments

D = 3


class Net(nn.Module):
    """Two hidden layers of φ, and what is done with the first one before the second."""

    def __init__(self, n, phi=torch.tanh, between=lambda x: x):
        super().__init__()
        self.read, self.mix, self.out = nn.Linear(D, n), nn.Linear(n, n), nn.Linear(n, 1)
        self.phi, self.between = phi, between

    def forward(self, x):
        return self.out(self.phi(self.mix(self.between(self.phi(self.read(x))))))


X = torch.randn(5, D, generator=torch.Generator().manual_seed(0))


def sampled(build, **options):
    return infinite(build, **{"base_width": 16, "neurons": 2000, "lr": 0.1, **options})


def first_outputs(build, **options):
    return sampled(build, **options)(X)


@pytest.mark.parametrize(
    ("phi", "function"), [(lambda h: torch.exp(h**2), r"exp\(pow"), (lambda h: 1 / h, "reciprocal")]
)
@pytest.mark.parametrize("seed", range(3))
def test_functions_without_moments_are_named(phi, function, seed):
    with pytest.raises(SpecError, match=f"what enters 'mix.weight', .*{function}.* no finite second moment"):
        first_outputs(lambda n: Net(n, phi), seed=seed)
    with pytest.raises(SpecError, match=f"what enters '2.weight', .*{function}"):
        first_outputs(lambda n: nn.Sequential(nn.Linear(D, n), Elementwise(phi), nn.Linear(n, 1)), seed=seed)


class Elementwise(nn.Module):
    def __init__(self, phi):
        super().__init__()
        self.phi = phi

    def forward(self, h):
        return self.phi(h)


@pytest.mark.parametrize("phi", [torch.tanh, torch.relu, lambda h: h**3, lambda h: torch.exp(h / 2)])
def test_functions_with_moments_pass(phi):
    assert first_outputs(lambda n: Net(n, phi), neurons=8000).isfinite().all()


def test_moments_of_few_numbers_zeros_and_what_overflows_are_not_judged():
    check_moments(torch.full((40, 2), 1e30), "here")
    check_moments(torch.zeros(1000, 2), "here")
    check_moments(torch.tensor([[float("inf")]] * 1000), "here")


@pytest.mark.parametrize(
    ("between", "line"),
    [
        (lambda x: x * x[:, :1], "x\\[:, :1\\]"),
        (lambda x: x + x[:, 7, None], "x\\[:, 7, None\\]"),
        (lambda x: x + x[:, torch.arange(4)].sum(1, keepdim=True), "arange"),
    ],
)
def test_a_neuron_by_its_index_is_refused_with_its_line(between, line):
    with pytest.raises(SpecError, match=f"some of its neurons by their index: .*{line}.* at width 16"):
        first_outputs(lambda n: Net(n, between=between))


def test_parts_that_grow_with_the_width_are_taken():
    assert first_outputs(lambda n: Net(n, between=lambda x: torch.cat(x.chunk(2, 1)[::-1], 1))).shape == (5, 1)
    assert first_outputs(lambda n: Net(n, between=lambda x: x + 0 * x[:1])).shape == (5, 1)  # examples by index


def test_memory_is_asked_for_before_it_is_taken(monkeypatch):
    net = sampled(Net)
    assert net.memory(100) == 4 * 100 * (2 * 2000 + 3 * 2000)
    monkeypatch.setattr(memory, "free_bytes", lambda device: 100_000)
    with pytest.raises(SpecError, match=r"to remember 16 products with 2000 neurons each takes 0.0 GiB"):
        net(X)
    with pytest.raises(SpecError, match=r"2000 neurons a layer by adam .*or sgd, which needs no matrix of pairs"):
        sampled(Net, optimizer="adam")
    with pytest.raises(SpecError, match=r"hidden layer 1 with 1.0e\+04 nodes .*neurons that are sampled"):
        infinite(plain, base_width=4, lr=0.1, interpreter="exact", nodes=[[10] * 4, [2]])
    with pytest.raises(SpecError, match=r"a kernel of 200 inputs .*fewer different inputs"):
        infinite(plain, base_width=4, lr=0.1, rule="ntk")(torch.randn(200, D))


def plain(n):
    return nn.Sequential(nn.Linear(D, n), nn.Tanh(), nn.Linear(n, n), nn.Tanh(), nn.Linear(n, 1))


def test_the_system_is_asked(tmp_path):
    free = memory.free_bytes(torch.device("cpu"))
    assert free is None or free > 2**20
    assert memory.free_bytes(torch.device("meta")) is None
    memory.check_free(2**60, "nothing", "", torch.device("meta"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "sp", "allow_unstable": True}, "rule 'sp' has no limit to train in: .*explode.*Take mup, ntk"),
        ({"rule": "stp", "richness": "3/4", "allow_unstable": True}, "rule 'stp' has no limit"),
        ({"rule": "ntk", "weight_decay": 0.1}, "weight decay moves the kernel itself"),
        ({"neurons": None}, "how many neurons"),
        ({"interpreter": "exakt"}, "interpreter 'exakt' is unknown .did you mean 'exact'"),
        ({"interpreter": "exact"}, "exact neurons need nodes"),
        ({"interpreter": "exact", "nodes": [[2]]}, "nodes has 1 lists, and the net 2 hidden layers"),
        ({"interpreter": "exact", "nodes": [[2], [2]]}, "hidden layer 1 needs 3 Gaussians by now"),
        ({"interpreter": "exact", "nodes": [[2], [0]]}, r"nodes of hidden layer 2 are \[0\]"),
        ({"interpreter": "exact", "nodes": [[2], [2]], "optimizer": "adam"}, "trained by sgd, not adam"),
        ({"interpreter": "conditional", "optimizer": "adam"}, "take interpreter 'explicit'"),
    ],
)
def test_what_is_asked_for_wrongly(options, message):
    with pytest.raises(SpecError, match=message):
        sampled(plain, **options)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda n: Net(n), "the net has to be nn.Linear, a function's module"),
        (lambda n: nn.Sequential(nn.Linear(D, n), nn.LayerNorm(n), nn.Linear(n, 1)), "a LayerNorm, is neither"),
        (lambda n: nn.Sequential(nn.Linear(D, n), nn.Softmax(-1), nn.Linear(n, 1)), "is no function of one number"),
        (lambda n: Scaled(n), "does more than its layers"),
    ],
)
def test_nets_that_are_no_chains_have_no_exact_kernels_here(build, message):
    with pytest.raises(SpecError, match=f"a kernel limit: .*{message}"):
        infinite(build, base_width=4, lr=0.1, rule="ntk")


class Scaled(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.net = plain(n)

    def forward(self, x):
        return 2 * self.net(x)
