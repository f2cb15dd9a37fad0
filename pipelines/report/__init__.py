"""The page and the table that explain a run."""

from pipelines.report.page import write_report
from pipelines.report.speed import segmentation_speeds
from pipelines.report.summary import summary_table

__all__ = ["segmentation_speeds", "summary_table", "write_report"]
