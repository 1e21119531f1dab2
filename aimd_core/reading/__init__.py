"""From a directory to facts: everything that readers know about a trial is derived here."""
