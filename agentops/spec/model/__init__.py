"""What authors may write, as pydantic models: the trust boundary between YAML and everything behind it."""
