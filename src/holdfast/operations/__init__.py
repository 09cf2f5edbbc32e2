"""What a person asks for, a file each: they join sources with the repository and archives."""
