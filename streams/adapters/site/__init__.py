"""What is known of one site: its codes, units, wards, zone and identifiers."""
