"""What lies on disk: each byte of a trial has one writer and one parser here. See docs/reference/trial-format.md."""
