"""The piece that `notate` is measured on, and what the original hears in it."""
