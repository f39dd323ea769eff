"""What the figures and claims of Tensor Programs IV share."""

#: Columns of the paper's Table 1 and the SP of every library: rule → name and hidden layers (mean field has one there).
NAMED = {
    "sp": ("SP, rate 1", 2),
    "sp_lr": ("SP, rate 1/n", 2),
    "ntk": ("NTP", 2),
    "mf": ("mean field, L = 1", 1),
    "mup": ("μP", 2),
}

#: Rule → the experiment of its largest learning rates.
MAX_LR = {"sp": "max_lr", "mup": "max_lr_mup"}
