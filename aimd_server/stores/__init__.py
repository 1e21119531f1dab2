"""The storage, and the only place with SQL: functions on an open connection, and plain rows."""
