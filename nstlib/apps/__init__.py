"""Products: what ``nst`` does from files to files. No idea of the course lives here."""
