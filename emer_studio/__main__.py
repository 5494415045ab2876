"""``python -m emer_studio`` is the same as ``emer-studio``."""

import sys

from emer_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
