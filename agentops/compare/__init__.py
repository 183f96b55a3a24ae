"""Tells by the calls of real callers whether one revision fares better than another, and when nobody can tell."""
