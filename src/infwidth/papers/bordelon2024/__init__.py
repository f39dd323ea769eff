"""Bordelon, Atanasov & Pehlevan (2024): a solvable model of neural scaling laws in time, width and data."""
