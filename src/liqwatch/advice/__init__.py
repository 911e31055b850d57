"""What to do about it: pure arithmetic for people who decide."""
