"""Bordelon & Pehlevan 2022: self-consistent dynamical mean field theory of feature learning in wide nets."""
