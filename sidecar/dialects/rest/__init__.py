"""The REST dialect: a request target becomes a call (`read`), an allowed call becomes a new target (`write`)."""
