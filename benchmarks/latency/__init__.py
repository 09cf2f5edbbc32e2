"""How fast a host application answers while it is backed up."""
