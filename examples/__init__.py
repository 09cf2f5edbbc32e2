"""Examples of using Holdfast. Each runs as it stands."""
