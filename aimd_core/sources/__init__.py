"""Where trials are, a directory or a server, behind one interface: found, read and changed the same way."""
