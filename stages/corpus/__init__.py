"""Stages that turn decisions into a corpus; the modules of `pipelines.steps` run them."""
