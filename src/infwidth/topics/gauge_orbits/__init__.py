"""Trainings moved along their gauge orbit."""
