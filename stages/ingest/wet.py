"""The conversion records of a WET file: text that a crawler has extracted."""

from stages.ingest.charset import decode
from stages.ingest.records import RawRecord, Rejection
from stages.ingest.walk import Framed


def conversion(record: Framed) -> RawRecord | Rejection:
    """A conversion record as a document; one that is not text is no document."""
    content_type = record.fields.get("content-type", "text/plain")
    if not content_type.lower().startswith("text/plain"):
        return Rejection(record.locator, record.bytes, "ingest.not_a_document", f"conversion to {content_type}")
    text, charset = decode(record.block, content_type)
    if not text.strip():
        return Rejection(record.locator, record.bytes, "ingest.no_text", "empty conversion")
    document = RawRecord(record.locator, record.bytes, text=text.rstrip("\r\n"))
    if charset != "utf-8":
        document.meta["charset"] = charset
    return document
