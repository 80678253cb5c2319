"""Kafka as Ember's clients see it: connection, topics, a broker for development, feeder."""
