"""The audit stays as it was written, whoever has a client of the database in his hands."""

import pytest

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from tests.policy_database.stage import put, run
from tests.settings.sample import SAMPLE

_ANEW = "INSERT OR REPLACE INTO policy_audit (id, moment, who, what, subject) SELECT id, moment, 'nobody', what, subject FROM policy_audit"


@pytest.mark.parametrize(
    "statement", ["UPDATE policy_audit SET who = 'nobody'", "DELETE FROM policy_audit", "TRUNCATE policy_audit", _ANEW]
)
async def test_what_stands_in_the_audit_is_neither_changed_nor_removed(database: Database, statement: str) -> None:
    await put(database, SAMPLE)
    with pytest.raises(Unavailable):  # where it is no statement at all, too
        await run(database, statement)
    await put(database, SAMPLE)
    await run(database, "INSERT INTO policy_audit (moment, who, what, subject) SELECT moment, who, what, subject FROM policy_audit")
    async with database.looking() as connection:
        assert (await connection.exec_driver_sql("SELECT DISTINCT who FROM policy_audit")).scalars().all() == ["root"]
        assert (await connection.exec_driver_sql("SELECT count(*) FROM policy_audit")).scalar() == 4
