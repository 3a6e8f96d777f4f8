"""The sidecar as token authority: one-time passwords by mail, and the user tokens that are given for them (wire reference 4.3)."""
