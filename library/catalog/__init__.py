"""The catalogue: cases, their revisions, counts, attachments, taxonomy and importer."""
