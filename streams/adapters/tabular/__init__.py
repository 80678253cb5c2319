"""Tables in CSV files: streaming, with a place and a reason for what cannot be read."""
