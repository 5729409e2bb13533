"""``python -m nstlib`` is the command ``nst``."""

from nstlib.cli import main

if __name__ == "__main__":
    main()
