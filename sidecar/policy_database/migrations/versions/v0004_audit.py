"""The audit is added to and nothing else: the database refuses to change or remove what stands in it, whoever asks."""

from alembic import op

revision = "0004"
down_revision = "0003"

_REFUSE = """
CREATE FUNCTION policy_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy_audit is added to and nothing else';
END
$$
"""
_WATCH = """
CREATE TRIGGER policy_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_audit
FOR EACH STATEMENT EXECUTE FUNCTION policy_audit_stays()
"""
_SQLITE = """
CREATE TRIGGER policy_audit_stays_at_{event} BEFORE {event} ON policy_audit {when} BEGIN
    SELECT RAISE(ABORT, 'policy_audit is added to and nothing else');
END
"""
# INSERT OR REPLACE removes a row without a word to what watches over removal.
_EVENTS = {"update": "", "delete": "", "insert": "WHEN EXISTS (SELECT 1 FROM policy_audit WHERE id = NEW.id)"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE)
        op.execute(_WATCH)
    else:
        for event, when in _EVENTS.items():
            op.execute(_SQLITE.format(event=event, when=when))
