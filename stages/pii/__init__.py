"""Personal data: found as spans, replaced once, in `select`."""
