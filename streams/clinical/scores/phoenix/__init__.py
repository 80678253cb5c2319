"""The Phoenix score of children (2024): four organs, or eight."""
