"""Every helper against the original d2lzh 1.0.0, on the same numbers."""
