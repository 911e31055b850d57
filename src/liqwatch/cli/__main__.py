"""`python -m liqwatch.cli`: the same as the `liqwatch` script."""

from liqwatch.cli import main

if __name__ == "__main__":
    main()
