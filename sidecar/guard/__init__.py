"""Rows that come back, held against the policy's predicate: a second opinion that shares no code with what puts the question. No I/O."""
