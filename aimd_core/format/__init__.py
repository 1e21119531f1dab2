"""What lies on disk: every byte of a trial has one writer and one parser here. Format: docs/trial-format.md."""
