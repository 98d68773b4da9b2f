"""A small file system of a test's own, which fills."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOMY_BYTES = 64 << 20
SPARE_BYTES = 64 << 10


class SmallDisk:
    """A file system in memory, of any size."""

    def __init__(self, folder: Path, roomy_bytes: int = ROOMY_BYTES) -> None:
        self.folder = folder
        self._roomy_bytes = roomy_bytes
        self._as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]

    def mount(self) -> bool:
        """Mount it, if this user may."""
        self.folder.mkdir(exist_ok=True)
        mine = f"size={self._roomy_bytes},uid={os.geteuid()},gid={os.getegid()},mode=755"
        try:
            done = subprocess.run(
                [*self._as_root, "mount", "-t", "tmpfs", "-o", mine, "none", self.folder], capture_output=True
            )
        except FileNotFoundError:  # there is no sudo
            return False
        return done.returncode == 0

    def fill(self, spare_bytes: int = SPARE_BYTES) -> None:
        """Leave no more room than this."""
        self._resize(self.used() + spare_bytes)

    def grow(self) -> None:
        """Give it the room that it had."""
        self._resize(self._roomy_bytes)

    def _resize(self, size: int) -> None:
        subprocess.run([*self._as_root, "mount", "-o", f"remount,size={size}", self.folder], check=True)

    def used(self) -> int:
        """Return how many bytes are taken."""
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def unmount(self) -> None:
        """Take it away."""
        subprocess.run([*self._as_root, "umount", self.folder], check=True)
