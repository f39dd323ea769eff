"""What probes keep for ensembles: found again whole, or not at all, in a folder and in the one file it becomes."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from infwidth.training.outputs import Outputs, PackedOutputs

NET, OTHER = (1e-05, 0), (0.1, 10)
LOGITS = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


def filled(folder: Path) -> Outputs:
    outputs = Outputs(folder)
    outputs.of(NET, "ensemble")["000000000"] = LOGITS
    outputs.of(NET, "ensemble")["000000012"] = 2 * LOGITS
    outputs.of(NET, "ntk_spectrum")["000000012"] = LOGITS.double()
    outputs.of(OTHER, "ensemble")["000000000"] = 3 * LOGITS
    return outputs


def test_each_net_and_probe_has_its_own(tmp_path: Path) -> None:
    outputs = filled(tmp_path / "kept")
    assert list(outputs.of(NET, "ensemble")) == ["000000000", "000000012"]
    assert torch.equal(outputs.of(OTHER, "ensemble")["000000000"], 3 * LOGITS)
    assert outputs.of(NET, "ntk_spectrum")["000000012"].dtype == torch.float64
    assert len(outputs.of((0.1, 1), "ensemble")) == 0
    with pytest.raises(KeyError):
        outputs.of(NET, "ensemble")["000000001"]


def test_an_earlier_process_s_are_taken_up_whole_or_not_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    digests = filled(tmp_path).digests
    again = Outputs(tmp_path)
    assert again.load(digests)
    assert torch.equal(again.of(NET, "ensemble")["000000012"], 2 * LOGITS)
    assert not Outputs(tmp_path).load(None)  # a checkpoint that knew of none
    file = again.file("ensemble/1e-05/0/000000012")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert not Outputs(tmp_path).load(digests)
    file.unlink()
    assert not Outputs(tmp_path).load(digests)
    assert "starts from the beginning" in caplog.text


def test_packed_they_are_one_file_that_numpy_reads(tmp_path: Path) -> None:
    digest = filled(tmp_path / "a").pack(tmp_path / "a.npz")
    assert filled(tmp_path / "b").pack(tmp_path / "b.npz") == digest  # whenever, wherever
    with np.load(tmp_path / "a.npz") as arrays:
        assert (arrays["ensemble/0.1/10/000000000"] == (3 * LOGITS).numpy()).all()
    kept = PackedOutputs(tmp_path / "a.npz", NET, "ensemble")
    assert {key: value.tolist() for key, value in kept.items()} == {
        "000000000": LOGITS.tolist(),
        "000000012": (2 * LOGITS).tolist(),
    }
    assert len(PackedOutputs(tmp_path / "a.npz", (0.1, 1), "ensemble")) == 0
    content = bytearray((tmp_path / "a.npz").read_bytes())
    place = content.find(LOGITS.numpy().tobytes())
    content[place + 3] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(zipfile.BadZipFile):
        kept["000000000"]
