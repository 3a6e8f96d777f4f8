"""From YAML files to validated settings and the policy they describe, every problem with its place and its remedy.

The way of a configuration, a file for each step: `document` (text to tree), `merge` (several files to one tree), `surroundings` (what
environment variables and folders fill in), `model` (tree to settings), `references` and `compile` (settings to policy), `advice` (what
is allowed but hardly meant).
"""
