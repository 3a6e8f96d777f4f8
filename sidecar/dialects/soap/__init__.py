"""The SOAP dialect: an envelope becomes a call (`read`), an allowed call becomes a new envelope (`write`)."""
