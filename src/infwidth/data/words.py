"""What preparing and loading a text agree on: its parts, and the word for all rare ones."""

UNKNOWN = "<unk>"
SPLITS = ("train", "valid", "test")
