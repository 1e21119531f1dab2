"""The one way from a directory to facts: what every reader knows of a trial is derived here."""
