"""One trainer for all models, parametrizations and losses."""
