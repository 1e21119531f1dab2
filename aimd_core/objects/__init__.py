"""Bytes by SHA-256, once: files of a trial, artifacts and media. See docs/reference/objects.md."""
