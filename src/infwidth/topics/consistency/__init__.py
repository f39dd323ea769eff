"""Nets of growing width become one net: in their losses, outputs and representations."""
