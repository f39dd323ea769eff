"""Bordelon, Noci, Li, Hanin & Pehlevan 2023: the infinite-width, infinite-depth limit of residual nets."""
