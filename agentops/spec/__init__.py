"""From the project's files to desired agents, with the source position of every value."""
