"""What a running process tells: metrics, health, logs and trace context."""
