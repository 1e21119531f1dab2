"""What the server does, as functions over a database: no HTTP and no SQL here."""
