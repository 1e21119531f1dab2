"""What is kept, and the only place that speaks SQL: functions over an open connection, and plain rows."""
