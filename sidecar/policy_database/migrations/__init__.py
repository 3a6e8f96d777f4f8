"""The migrations of the policy's tables, in the order of their numbers. One that is released never changes again."""
