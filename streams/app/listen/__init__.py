"""The listener: HL7 v2 messages over MLLP, durable before they are acknowledged."""
