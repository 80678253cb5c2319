"""Pure steps over one patient's state: detect, screen, follow up."""
