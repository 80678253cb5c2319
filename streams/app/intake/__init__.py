"""What a site's sample tells before anything is connected."""
