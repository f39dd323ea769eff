"""“Infinite Limits of Neural Networks” (Pehlevan group, Kempner Institute, 2024): the post's own figures."""
