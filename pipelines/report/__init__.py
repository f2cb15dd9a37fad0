"""The page and the table that explain a run."""

from pipelines.report.page import write_report
from pipelines.report.summary import summary_table

__all__ = ["summary_table", "write_report"]
