"""The registry's side of Kafka: what it takes in, and what it lets out."""
