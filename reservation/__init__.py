"""What a reservation means: the device half and the portal half."""
