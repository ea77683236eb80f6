"""Scoring of two descriptions of a person."""
