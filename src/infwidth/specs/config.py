"""The block of config/config.yaml and ``--config``."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from infwidth.specs.block import Block, Count, Says

Scale = Literal["smoke", "laptop", "workstation", "paper"]


#: The command line hands a switch on as text.
Switch = Annotated[bool, BeforeValidator(lambda value: {"true": True, "false": False}.get(str(value).lower(), value))]


class Config(Block):
    """What a run of the workflow is told; config/config.yaml says what each key means."""

    scale: Scale
    rehearsal: Switch = False
    data_dir: Annotated[str, Field(min_length=1), Says("must be a folder's name")]
    papers_dir: Annotated[str, Field(min_length=1), Says("must be a folder's name")] | None = None
    tables: Literal["results", "published"]
    set: str | list[str] | dict[str, Any] | None = None
    figures: Annotated[str, Field(min_length=1), Says("must be 'all' or names of figures separated by commas")]
    device: Literal["auto", "cpu", "cuda"]
    execution: Literal["auto", "loop", "stacked", "stacked_graphed"] = "auto"
    unrecorded_minutes: Count
    unrecorded_memory_mb: Count
