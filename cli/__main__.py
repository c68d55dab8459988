"""``python -m cli``: the same program as ``tallystick``."""

from cli.main import main

if __name__ == "__main__":
    main()
