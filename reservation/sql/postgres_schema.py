"""The schema of a PostgreSQL database: the numbered steps that make it, and what does not belong to it.

The comparison takes every step once more on tables that only this session sees, and reads the catalogs of
both: so it compares what one server says of the same text. Not handled: who owns what, and who may do what.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql

from reservation.sql.steps import Migration, differences, migrations_in

#: Every column, constraint, index, trigger, view and function of a schema, and how it is made.
_OBJECTS = """
SELECT kind || ' ' || name, replace(replace(definition, quote_ident(n.nspname) || '.', ''), 'pg_temp.', '')
FROM pg_namespace AS n
CROSS JOIN LATERAL (
    SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull,
                     pg_get_expr(d.adbin, d.adrelid)) AS definition
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'constraint', c.relname || '.' || k.conname,
           concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated)
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid WHERE c.relnamespace = n.oid
    UNION ALL
    SELECT 'index', i.relname, concat_ws(' ', pg_get_indexdef(i.oid), x.indisvalid)
    FROM pg_class AS i JOIN pg_index AS x ON x.indexrelid = i.oid WHERE i.relnamespace = n.oid
    UNION ALL
    SELECT 'trigger', c.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = n.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'switched-off trigger', c.relname || '.' || t.tgconstrrelid::regclass, t.tgenabled::text
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = n.oid AND t.tgisinternal AND t.tgenabled <> 'O'
    UNION ALL
    SELECT 'rule', c.relname || '.' || r.rulename, pg_get_ruledef(r.oid)
    FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class WHERE c.relnamespace = n.oid
    UNION ALL
    SELECT 'function', p.proname, pg_get_functiondef(p.oid)
    FROM pg_proc AS p WHERE p.pronamespace = n.oid AND p.prokind = 'f'
) AS found
WHERE n.oid = %s::regnamespace
"""

#: Each foreign key: its table and columns, and those that they are in.
_REFERENCES = """
SELECT n.nspname, c.relname, (SELECT array_agg(a.attname::text ORDER BY k.place)
                              FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
                              JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number),
       m.nspname, d.relname, (SELECT array_agg(a.attname::text ORDER BY k.place)
                              FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
                              JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number)
FROM pg_constraint AS f
JOIN pg_class AS c ON c.oid = f.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS d ON d.oid = f.confrelid
JOIN pg_namespace AS m ON m.oid = d.relnamespace
WHERE f.contype = 'f' AND n.nspname = current_schema()
ORDER BY c.relname, f.conname
"""


def migrations() -> tuple[Migration, ...]:
    """Return the migrations that this version knows, in order."""
    return migrations_in("postgres")


def deviations(
    connection: psycopg.Connection[Any], connect: Callable[[], psycopg.Connection[Any]]
) -> Iterator[str]:
    """Say where the tables and what belongs to them are not those of this version.

    Somebody who owns the tables can drop the triggers that keep rows from being changed, or add others that
    change them unseen.

    Args:
        connection: Where to look.
        connect: Makes another connection to the same server, for tables that only it sees.
    """
    found = _objects(connection, "SELECT current_schema()")
    version = connection.info.server_version
    if version not in _KNOWN:
        with closing(connect()) as other:
            _KNOWN[version] = _made_anew(other)
    yield from differences(found, _KNOWN[version])


def strays(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Say in which tables a row refers to one that is gone.

    The server keeps rows that others refer to, but not from who owns the tables and switches that off.
    """
    for schema, table, named, other_schema, other, meant in connection.execute(_REFERENCES).fetchall():
        given = [sql.Identifier("a", column) for column in named]
        stands = [
            sql.SQL("{} = {}").format(one, sql.Identifier("b", column))
            for one, column in zip(given, meant, strict=True)
        ]
        statement = sql.SQL(
            "SELECT 1 FROM {} AS a WHERE num_nulls({}) = 0 "
            "AND NOT EXISTS (SELECT FROM {} AS b WHERE {}) LIMIT 1"
        ).format(
            sql.Identifier(schema, table),
            sql.SQL(", ").join(given),
            sql.Identifier(other_schema, other),
            sql.SQL(" AND ").join(stands),
        )
        if connection.execute(statement).fetchone():
            yield f"a row of {table} refers to nothing"


#: What there must be, as a version of the server says it: worked out once for each.
_KNOWN: dict[int, dict[str, str]] = {}


def _objects(connection: psycopg.Connection[Any], which: str) -> dict[str, str]:
    (schema,) = connection.execute(which.encode()).fetchone() or ("public",)
    return dict(connection.execute(_OBJECTS, (schema,)).fetchall())


def _made_anew(connection: psycopg.Connection[Any]) -> dict[str, str]:
    connection.execute("BEGIN")
    try:
        connection.execute("SET LOCAL search_path = pg_temp")
        for step in migrations():
            # Functions are never looked for among what only this session sees.
            script = step.script.replace("EXECUTE FUNCTION ", "EXECUTE FUNCTION pg_temp.")
            connection.execute(script.encode())
        return _objects(connection, "SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
    finally:
        connection.execute("ROLLBACK")
