"""What each table of a policy in a database is for, and each of its columns: the words of the schema reference."""

TABLES = {
    "policy_groups": "User groups. `everyone`, the group of all users, is there from the beginning.",
    "policy_users": "Users.",
    "policy_members": "Who is in which group. Groups of all users have no rows here.",
    "policy_app_connectors": "App connectors: what each external app may use.",
    "policy_get_connectors": "The GetConnectors of an app connector.",
    "policy_update_connectors": "The UpdateConnectors of an app connector.",
    "policy_special_connectors": "The special connectors of an app connector, and who may fetch what of each.",
    "policy_reports": "The reports of an app connector whose rule for `report` is `reports`.",
    "policy_addresses": "From where an app connector may be used, and from where not. If any address is allowed, all others are denied.",
    "policy_filter_types": "Filter types.",
    "policy_filter_connectors": "The GetConnectors that a filter type guards.",
    "policy_filter_reports": "The reports that a filter type guards.",
    "policy_filters": "The rows that members of a group see within a filter type.",
    "policy_tokens": "User tokens, of which only the hash is kept.",
    "policy_revisions": "A number for each part, which triggers raise with every change whoever makes it. It is how sidecars know. "
    "Never write to it.",
    "policy_audit": "Who changed what: written by `sidecar db import`, by commands and by the API, in the transaction of the change.",
}
"""By name of the table."""

_OWNER = "The app connector that it belongs to; goes with it."
_TYPE = "The filter type that it belongs to; goes with it."

COLUMNS = {
    "policy_groups": {"name": "Its name.", "all_users": "Whether it is all users; `everyone` must be."},
    "policy_users": {
        "name": "Its name. Letter case counts.",
        "email": "E-mail address. A person without one gets nowhere.",
        "applications": 'Ticked applications, such as `["pocket"]`. Without any the user gets nowhere.',
        "blocked": "Whether the user gets nowhere.",
        "system": "Whether it is linked to no person, so that no e-mail address is needed.",
        "attributes": 'Values for `@user.<attribute>`: texts, or lists of them, such as `{"employee": "1001", "departments": ["CONS"]}`.',
    },
    "policy_members": {"group_name": "The group; its members go with it.", "user_name": "The user; goes with him."},
    "policy_app_connectors": {
        "name": "Its name.",
        "description": "For people; it stands in the subject of mails with codes.",
        "environment": "One of `environments` in YAML. One that is not there keeps the rights from loading.",
        "group_name": "The one group whose members may use it.",
        "blocked": "Whether nobody may use it. A new one is.",
        "valid_from": "From when it works.",
        "valid_until": "When it stops working.",
        "enforcement": "`enforce`, or `shadow`: only told, not enforced.",
        "row_guard": "`off`, `sample` or `enforce`.",
        "otp_api_key_sha256": "SHA-256 of the API key for one-time passwords.",
        "otp_environment_key_sha256": "SHA-256 of the environment key; both or neither.",
        "client_certificate": "Client certificates with which it may be used: `sha256`, `dns_names`, `uris`, `common_names`, each a list. "
        "With any or none where it is null.",
        "otp_language": "`nl` or `en`; the environment's unless said.",
    },
    "policy_get_connectors": {
        "app_connector": _OWNER,
        "name": "The name, as the backend spells it.",
        "unfiltered": "Whether every member sees every row, unless a filter type guards it.",
    },
    "policy_update_connectors": {
        "app_connector": _OWNER,
        "name": "The name, as the backend spells it.",
        "may_insert": "Whether records may be inserted.",
        "may_update": "Whether records may be changed.",
        "may_delete": "Whether records may be deleted.",
    },
    "policy_special_connectors": {
        "app_connector": _OWNER,
        "kind": "`subject`, `file`, `image`, `report`, `data` or `version`.",
        "rule": "`rows`, `reports` or `unchecked`; with none, what needs a rule is denied.",
        "get_connector": "For `rows`: the GetConnector in whose rows the id must occur.",
        "field": "For `rows`: its field with the id.",
        "file_field": "For `rows` of `subject`: its field with the file's id.",
    },
    "policy_reports": {
        "app_connector": _OWNER,
        "report": "Its id.",
        "unchecked": "Whether every member may run it, with all that it shows.",
    },
    "policy_addresses": {
        "app_connector": _OWNER,
        "network": "Such as `192.0.2.0/24` or `2001:db8::7/128`.",
        "denied": "Whether it is denied; else it is allowed.",
    },
    "policy_filter_types": {"name": "Its name."},
    "policy_filter_connectors": {
        "filter_type": _TYPE,
        "get_connector": "The name of the GetConnector.",
        "fields": 'Ids of its fields by logical name, such as `{"department": "Afdeling"}`.',
    },
    "policy_filter_reports": {
        "filter_type": _TYPE,
        "report": "The id of the report.",
        "fields": "Codes of its fields by logical name.",
    },
    "policy_filters": {
        "filter_type": _TYPE,
        "group_name": "The group. While it has a filter it can't be deleted.",
        "expression": "A [where expression](where.md), `everything` or `nothing`.",
    },
    "policy_tokens": {
        "digest": "SHA-256 of the token's 64 characters.",
        "app_connector": "The app connector that it opens, and no other; goes with it.",
        "user_name": "Whose it is; goes with him.",
        "description": "The device.",
        "expires": "When it stops working.",
    },
    "policy_revisions": {"part": "`rights`, `users` or `tokens`.", "number": "Grows with every change to that part."},
    "policy_audit": {
        "id": "Grows.",
        "moment": "When.",
        "who": "Who, such as `cli:root`.",
        "what": "The operation, such as `user.block`.",
        "subject": "What it was done to.",
        "before": "What was there before, without secrets; of an import the counts.",
        "after": "What was there afterwards.",
    },
}
"""By name of the table and of the column."""
