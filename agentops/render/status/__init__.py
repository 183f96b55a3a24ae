"""What serves in an environment, agent by agent."""
