"""The lock and the installer's reading of it."""

import subprocess
import sys

from config.devtools import install, lock

HASH = "--hash=sha256:" + "0" * 64
LOCKED = f"""amqp==5.4.2 \\
    {HASH}
    # via kombu
kombu==5.7.0 ; python_version < "3.13" \\
    {HASH} \\
    {HASH}
    # via -r requirements.txt
"""


def test_this_clones_lock_fits_its_requirements():
    assert lock.problems_of(lock.REQUIREMENTS.read_text(), install.LOCK.read_text()) == []


def test_a_lock_that_fits_has_no_problem():
    assert lock.problems_of('kombu==5.7.0; python_version < "3.13"  # why\n', LOCKED) == []


def test_another_version_is_named():
    assert lock.problems_of("kombu==5.8.0\n", LOCKED) == ["kombu==5.8.0 is not what the lock has"]


def test_a_requirement_that_was_taken_out_is_named():
    assert lock.problems_of("", LOCKED) == ["kombu is in the lock for requirements.txt, which does not name it"]


def test_a_package_without_a_hash_is_named():
    bare = LOCKED.replace(f"amqp==5.4.2 \\\n    {HASH}", "amqp==5.4.2")

    assert lock.problems_of("kombu==5.7.0\n", bare) == ["amqp==5.4.2 has no hash"]


def test_a_lock_that_names_a_host_is_refused():
    told = "--index-url https://packages.example.com/simple\n" + LOCKED

    assert any("names a place" in problem for problem in lock.problems_of("kombu==5.7.0\n", told))


def test_an_unpinned_requirement_is_named():
    assert "redis is not pinned" in lock.problems_of("kombu==5.7.0\nredis\n", LOCKED)


def test_the_environment_has_what_the_lock_names():
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"], capture_output=True, text=True
    )

    assert frozen.returncode == 0, frozen.stdout


def test_hashes_of_one_package_are_its_own():
    assert install.locked_hashes("pip").isdisjoint(install.locked_hashes("setuptools"))
    assert len(install.locked_hashes("pip")) == 2
