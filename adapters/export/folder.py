"""A folder that is there whole or not at all: written aside, then renamed.

.winter.exporting/    being written, locked; what a killed export left is removed by the next
winter/               the export; `manifest.json` was written last
.winter.replaced/     the export before it, on its way out
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from domain.errors import InputRefused, LedgerUnavailable

MANIFEST = "manifest.json"
FORMAT = "custody export 1"

CAUSES = (  # numbers of the system's errors, the code, and the mend
    ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "disk_full", "free some space and run the same command again"),
    ((errno.EROFS,), "read_only", "name a folder on a disk that can be written"),
    ((errno.EACCES, errno.EPERM), "no_permission", "ask whoever owns it, or name another folder"),
    ((errno.ENOENT, errno.ENOTDIR), "no_such_folder", "make the folder around it first, or name another"),
)


@contextmanager
def written_aside(folder: Path, *, replace: bool) -> Iterator[Path]:
    """Yield an empty folder; without an error in the block it becomes `folder`, else nothing of it is left.

    An export that is there is replaced only if asked for. Raise InputRefused(folder_exists, not_an_export) or
    LedgerUnavailable(already_exporting, disk_full, ...).
    """
    with explained(folder):
        _check(folder, replace=replace)
        aside = folder.with_name(f".{folder.name}.exporting")
        aside.mkdir(exist_ok=True)
        with _locked(aside):
            _empty(aside)
            try:
                yield aside
                _sync(aside)
                _put_in_place(aside, folder)
            except BaseException:
                with suppress(OSError):
                    shutil.rmtree(aside)
                raise


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the system's errors within a block into LedgerUnavailable with a mend."""
    try:
        yield
    except OSError as error:
        what = f"the export cannot be written: {error.strerror or error}"
        for numbers, code, mend in CAUSES:
            if error.errno in numbers:
                raise LedgerUnavailable(code, what, where=str(folder), mend=mend) from error
        raise LedgerUnavailable("export_failed", what, where=str(folder)) from error


def _check(folder: Path, *, replace: bool) -> None:
    """Raise InputRefused unless there is nothing at this place, or an export that may be replaced."""
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return
    stray = _not_of_an_export(folder)
    if stray is not None:
        raise InputRefused(
            "not_an_export",
            f"{stray} is there already, and no export wrote it",
            where=str(folder),
            mend="name a new folder",
        )
    if not replace:
        raise InputRefused(
            "folder_exists", "an export is there already", where=str(folder), mend="name a new folder, or --replace it"
        )


def _not_of_an_export(folder: Path) -> str | None:
    """Return the name of something in a folder that no export wrote there, None if there is nothing but an export."""
    if not folder.is_dir() or folder.is_symlink():
        return folder.name
    listed = _listed(folder)
    found = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir())
    return next((name for name in found if name not in listed), None)


def _listed(folder: Path) -> set[str]:
    """Return a folder's manifest and the files it lists; a manifest of anything else lists none, not even itself."""
    try:
        manifest: Any = orjson.loads((folder / MANIFEST).read_bytes())
        return {MANIFEST, *(file["path"] for file in manifest["files"])} if manifest["format"] == FORMAT else set()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, TypeError, KeyError):
        return set()


@contextmanager
def _locked(aside: Path) -> Iterator[None]:
    descriptor = os.open(aside, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, aside)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, aside: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LedgerUnavailable(
            "already_exporting",
            "another process is writing this export",
            where=str(aside),
            mend="wait for it, or stop it",
        ) from None


def _empty(aside: Path) -> None:
    for path in aside.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _put_in_place(aside: Path, folder: Path) -> None:
    replaced = folder.with_name(f".{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    try:
        aside.rename(folder)
    except OSError:
        if replaced.exists():
            replaced.rename(folder)
        raise
    _sync(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _sync(folder: Path) -> None:
    """See to it that the names in a folder, and in those within it, outlive a power cut."""
    for path in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
