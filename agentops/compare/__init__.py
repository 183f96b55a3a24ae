"""Compares revisions by the calls of real callers: which fares better, and when nobody can tell."""
