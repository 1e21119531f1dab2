"""What the program says in languages other than English: a module each, loaded when that language is spoken."""
