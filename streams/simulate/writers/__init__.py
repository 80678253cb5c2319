"""The synthetic hospital's record in the formats that real hospitals send."""
