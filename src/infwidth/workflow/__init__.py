"""Thin adapters between the workflow and the package: each script reads ``snakemake.*`` and calls one function."""
