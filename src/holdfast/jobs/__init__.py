"""Work in the background: jobs, who does them, when, and how far they are."""
