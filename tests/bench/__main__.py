"""`./dev bench [names]`: run measurements and print them; without names, all but the long ones."""

import sys

from tests.bench.report import run_named

if __name__ == "__main__":
    sys.exit(run_named(sys.argv[1:]))
