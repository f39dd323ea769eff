"""Yang, Santacroce & Hu 2022: infinite-width nets that learn features by projected gradients (the π-limit)."""
