"""HL7 v2, versions 2.1 to 2.8: the splitter, what messages mean, acknowledgements."""
