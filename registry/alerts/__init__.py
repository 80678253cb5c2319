"""Senders of what the outbox holds; nothing here decides whom to alert."""
