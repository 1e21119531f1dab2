"""What the program says in languages other than English: a package each, loaded when that language is spoken."""
