"""Every command of a portal, as the PostgreSQL user that docs/howto/postgresql.md asks for."""

import re
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests import server
from tests.cli.desk import Desk
from tests.cli.test_help import ORDER, prepare, run_examples
from tests.restricted import grants, restricted

pytestmark = pytest.mark.usefixtures("postgres")

OF_A_FILE = {"portal backup", "portal restore"}
"""Commands for databases in a file: on a server they say which program to take."""


def test_the_rights_of_the_page_are_enough_for_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: server.Server
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    first, *others = (words for words in ORDER if not words.startswith(("code ", "demo")))
    assert first == "portal init"
    with postgres.database() as url:
        desk.environ |= {"TALLYSTICK_DB": url, "TALLYSTICK_KEYS": str(desk.path("portal-keys"))}
        assert [one.code for one in run_examples(desk, first)] == [0]
        database = str(conninfo_to_dict(url)["dbname"])
        with restricted(postgres, database) as there:
            desk.environ["TALLYSTICK_DB"] = there
            for words in others:
                prepare(desk, words)
                codes = {outcome.code for outcome in run_examples(desk, words)}
                assert codes == ({2} if words in OF_A_FILE else {0}), words
            require_no_more(there)
            with closing(postgres.connect(database)) as owner:  # a right too many is found
                owner.execute("GRANT DELETE ON events TO portal_desk")
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="events"):
                require_no_more(there)


def require_no_more(url: str) -> None:
    """Find that no row can be changed or deleted but of the tables that the page names."""
    allowed = {
        verb: set(re.findall(r"\w+", tables))
        for verb, tables in re.findall(r"GRANT (UPDATE|DELETE) ON ([\w\s,]+) TO", grants())
    }
    with closing(psycopg.connect(url, autocommit=True)) as desk:
        tables = {str(table): str(column) for table, column in desk.execute(COLUMNS)}
        assert {"events", "chain", "movements", "codes", "tree_hashes", "signed_heads"} <= tables.keys()
        for verb, statement in (("UPDATE", UPDATE), ("DELETE", DELETE)):
            for name in sorted(tables.keys() - allowed[verb]):
                words = {"table": sql.Identifier(name), "column": sql.Identifier(tables[name])}
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    desk.execute(statement.format(**words))


COLUMNS = """SELECT table_name, min(column_name) FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' GROUP BY table_name"""
UPDATE = sql.SQL("UPDATE {table} SET {column} = {column}")
DELETE = sql.SQL("DELETE FROM {table}")
