"""Atanasov, Bordelon, Sainathan & Pehlevan 2022: where the chance of initialisation begins to limit generalization."""
