"""Fast arithmetic: what the ground floor says in a line or two, said for a processor. It knows no picture."""
