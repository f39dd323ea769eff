"""Online against offline training."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels

_STREAMS = {"vision_online": "online: no image twice", "vision_offline": "offline: few images repeat"}


def fig8(tables: Tables) -> Figure:
    """Test losses online and offline (top), and how far narrower nets are behind the widest, by seed (bottom)."""
    streams = {name: tables[experiment] for experiment, name in _STREAMS.items()}
    return panels.losses_and_gaps(streams, sharey=True)
