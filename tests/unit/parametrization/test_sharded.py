"""A plan goes with FSDP2: starts before sharding, the optimizer after it, by names that stay."""

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from infwidth.parametrization import parametrize


@pytest.fixture
def one_process() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))


def test_a_sharded_net_trains_as_the_whole_one(one_process: None) -> None:
    nets = [_mlp(64), _mlp(64)]
    plan = parametrize(nets[0], _mlp(32), "mup", optimizer="adamw", lr=0.01, weight_decay=0.1)
    for net in nets:
        plan.init_(net, 0)
    mesh = init_device_mesh("cpu", (1,))
    for layer in nets[0]:
        if isinstance(layer, nn.Linear):
            fully_shard(layer, mesh=mesh)
    fully_shard(nets[0], mesh=mesh)
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    outputs = []
    for net in nets:
        optimizer = plan.optimizer(net)
        for _ in range(3):
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()
        outputs.append(net(x).detach())
    assert torch.equal(*outputs)
    assert plan["2.weight"].lr == 0.005  # which is what is tested: the rates by name
