"""Results on disk: the files of cells, written whole or not at all, with their provenance."""
