"""A seeded synthetic hospital with known ground truth, for the demo and for load."""
