"""What several papers share on one subject: ``measures.py`` (tables to numbers) and ``panels.py`` (to drawings)."""
