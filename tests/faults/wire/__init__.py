"""A wire on loopback that does everything a wire can do."""
