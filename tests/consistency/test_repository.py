import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_link_is_tracked():
    """A link committed by accident once replaced the environment of every worktree."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if line.startswith("120000")] == []
