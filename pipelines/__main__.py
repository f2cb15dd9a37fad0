"""`python -m pipelines` is the command `babelmill`."""

from pipelines.cli import main

main()
