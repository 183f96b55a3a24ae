"""Campaigns for people and programs: counts only."""
