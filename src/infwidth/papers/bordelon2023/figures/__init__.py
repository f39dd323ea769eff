"""Figures of Bordelon & Pehlevan 2023."""
