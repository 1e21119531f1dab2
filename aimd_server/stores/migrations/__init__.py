"""The migration line of the database. Forward only; every revision that was released stays."""
