"""Karkada, “The lazy (NTK) and rich (μP) regimes: a gentle tutorial” (2024), its post and its companion notebook."""
