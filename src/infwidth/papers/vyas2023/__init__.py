"""“Feature-Learning Networks Are Consistent Across Widths At Realistic Scales” (Vyas et al. 2023)."""
