"""`python -m liqwatch` is `liqwatch`."""

from liqwatch.cli import main

if __name__ == "__main__":
    main()
