"""The live screen of `aimd trial top`: the only code that uses Textual, without access to disk or network."""
