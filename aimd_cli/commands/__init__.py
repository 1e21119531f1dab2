"""One module per command, one folder per group: declares options, calls the core, shows a view."""
