"""Who may do what: the immutable policy, its `where` language, the decision and its explanation. Pure functions."""
