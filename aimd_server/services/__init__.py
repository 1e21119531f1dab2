"""What the server does, as functions on a database, without HTTP or SQL."""
