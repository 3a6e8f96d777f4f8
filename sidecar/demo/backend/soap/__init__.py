"""The SOAP side of the stand-in backend: the same rows, updates and files as over REST, put and answered in envelopes."""
