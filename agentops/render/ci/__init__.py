"""The pages that jobs on GitHub write."""
