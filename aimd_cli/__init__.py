"""The terminal application `aimd`: what a person types, and what they see."""
