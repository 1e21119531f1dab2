"""The live screen of `aimd trial top`: the only place that knows Textual, and it knows neither disk nor network."""
