"""The platform behind a port: one client, two versioning generations, read names mapped to write names."""
