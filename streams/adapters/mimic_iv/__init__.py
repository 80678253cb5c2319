"""The published tables of MIMIC-IV (PhysioNet), read into canonical events."""
