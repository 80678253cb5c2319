"""The CDC Adult Sepsis Event of the 2018 toolkit, and its bacteraemic shock event."""
