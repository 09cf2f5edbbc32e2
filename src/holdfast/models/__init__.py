"""The nouns of Holdfast as typed, immutable values. They import nothing of the rooms above."""
