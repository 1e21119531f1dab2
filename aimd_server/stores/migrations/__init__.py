"""The migrations of the database, forward only: a revision that was released is never changed, the next follows it."""
