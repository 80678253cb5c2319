"""Made-up patients and their resources, for tests of every kind."""
