"""Policy in a database: its tables, their migrations, import and export, and single users and tokens by an indexed look-up."""
