"""Accounts: people, organisations, roles. For now: organisations."""
