"""`./dev <verb>`: what a person types in this clone."""

import os
import shutil
import sys
from collections.abc import Callable

from config.devtools import lint, lock, manage, supervisor, testing
from config.embedded import EmbeddedError
from config.embedded.files import is_held
from config.embedded.places import DATA, ROOT

HELP = """Sofía CRM

  ./dev up [--no-demo]     start everything and serve (PORT=8001 ./dev up for another port); Ctrl-C stops it
  ./dev test [arguments]   run the tests; arguments go to pytest
  ./dev down               stop a running `up` of this clone
  ./dev status             what of this clone runs, and where
  ./dev manage <command>   Django's command line, with the embedded services started
  ./dev shell              Django's interactive shell
  ./dev lint               ruff, mypy and the layers of the design
  ./dev e2e [arguments]    only the tests that start real processes and browsers
  ./dev bench [arguments]  measure, and print as a table
  ./dev translate          collect the texts to translate
  ./dev lock               write requirements.lock anew from requirements.txt
  ./dev clean [--yes]      remove this clone's data, databases included
"""


def main(arguments: list[str]) -> int:
    verb, *rest = arguments or ["help"]
    if verb in ("help", "--help", "-h"):
        print(HELP)
        return 0
    if verb not in VERBS:
        print(f"dev: there is no `{verb}`.\n\n{HELP}", file=sys.stderr)
        return 2
    try:
        return VERBS[verb](rest)
    except EmbeddedError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def shell(arguments: list[str]) -> int:
    return manage.run(["shell", *arguments])


def translate(arguments: list[str]) -> int:
    return manage.run(["translations", *arguments])


def bench(arguments: list[str]) -> int:
    # It brings clusters of its own: figures do not depend on what this clone holds.
    return manage.call([sys.executable, "-m", "tests.bench", *arguments], dict(os.environ))


def status(_arguments: list[str]) -> int:
    print(supervisor.describe())
    for home in sorted(DATA.glob("*/keeper.lock")):
        if is_held(home):
            print(f"embedded services `{home.parent.name}` are running")
    return 0


def clean(arguments: list[str]) -> int:
    running = [path.parent.name for path in DATA.glob("*/keeper.lock") if is_held(path)]
    if running:
        print(f"dev: still running: {', '.join(running)}. Stop it first (./dev down).", file=sys.stderr)
        return 1
    is_sure = "--yes" in arguments
    if not is_sure:
        is_sure = input(f"Remove {DATA} with all databases of this clone? [y/N] ").strip().lower() in ("y", "yes", "s")
    if is_sure and DATA.exists():
        shutil.rmtree(DATA)
    for cache in (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"):
        shutil.rmtree(ROOT / cache, ignore_errors=True)
    return 0


VERBS: dict[str, Callable[[list[str]], int]] = {
    "up": supervisor.up,
    "down": supervisor.down,
    "status": status,
    "test": testing.test,
    "e2e": testing.e2e,
    "manage": manage.run,
    "shell": shell,
    "lint": lint.run,
    "bench": bench,
    "translate": translate,
    "lock": lock.write,
    "clean": clean,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
