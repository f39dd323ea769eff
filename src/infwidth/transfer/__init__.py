"""Do hyperparameters of one's own model transfer? Small versions of it are trained, and the best rate is followed.

:func:`transfer_check` takes any torch module over widths (and depths), an iterator of batches and a rule, and says how
far the best learning rate moves a doubling: ``transfers``, ``drifts``, or not enough to say (docs/transfer.md).
"""

from infwidth.transfer.check import DRIFTS, TRANSFERS, UNDECIDED, TransferCheck, transfer_check
from infwidth.transfer.study import TransferStudy

__all__ = ["DRIFTS", "TRANSFERS", "UNDECIDED", "TransferCheck", "TransferStudy", "transfer_check"]
