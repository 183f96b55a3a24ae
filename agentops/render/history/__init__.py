"""The revisions of an agent."""
