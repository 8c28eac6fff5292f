"""Shapes and paint of the catalogue's models, made in code; what the sprite builder path-traces."""
