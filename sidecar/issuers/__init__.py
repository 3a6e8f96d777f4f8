"""Identity providers over the network: their keys fetched ahead of need, and tokens verified with them, once each."""
