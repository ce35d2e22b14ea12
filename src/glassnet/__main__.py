"""``python -m glassnet``: the command line where its script is not on the path."""

from glassnet.cli import main

if __name__ == "__main__":
    main()
