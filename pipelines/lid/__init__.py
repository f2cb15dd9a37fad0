"""Language identification: models trained from labelled text, and how well identifiers do on other text."""
