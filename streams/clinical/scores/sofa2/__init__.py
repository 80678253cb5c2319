"""SOFA-2 (JAMA 2025): six organs, each in a file of its own."""
