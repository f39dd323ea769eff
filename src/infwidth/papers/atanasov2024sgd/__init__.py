"""Atanasov, Meterez, Simon & Pehlevan (2025): SGD over the strength of feature learning, to the ultra-rich."""
