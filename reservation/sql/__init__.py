"""The books in SQL: the only place that knows any.

`queries/` holds the named queries that every engine shares, `sqlite/` the migrations and what SQLite alone
puts differently. `rows` turns rows into values and back, `transaction` implements the port of
`reservation.store` on those queries, `sqlite_engine` opens, checks and upgrades a SQLite database.
"""
