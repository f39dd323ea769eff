"""The one place that decides device, threads and numerics."""

import torch

from infwidth.errors import SpecError


def prepare_torch(device: str, threads: int) -> torch.device:
    """Set torch up once for this process and return the device to compute on.

    ``device`` is auto, cpu or cuda; ``threads`` is the number of CPU threads (one a job is fastest when several jobs
    share the cores). Sums are made reproducible: no reduced-precision matrix products, deterministic algorithms where
    they exist. Raises SpecError where a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise SpecError(
            "device is 'cuda', but torch sees no GPU here; set device to 'auto' or 'cpu' in config/config.yaml"
        )
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return torch.device("cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu")
