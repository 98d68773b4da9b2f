"""How to reach Kafka: a file, or the environment, which goes first. Secrets come from there alone, never from argv.

bootstrap_servers: kafka-1.example:9093,kafka-2.example:9093     CUSTODY_KAFKA_BOOTSTRAP_SERVERS
security_protocol: SASL_SSL                                     CUSTODY_KAFKA_SECURITY_PROTOCOL
sasl_mechanism: SCRAM-SHA-512                                   ...
sasl_username: ledger
sasl_password: ...                 or sasl_password_file: a file that holds nothing else
ssl_cafile: ca.pem                 PEM files; ssl_certfile and ssl_keyfile for a client's own certificate
ssl_certfile: ledger.pem
ssl_keyfile: ledger.key
ssl_key_password: ...
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from adapters.rules.strict_yaml import parse_strict_yaml
from domain.errors import InputRefused

PREFIX = "CUSTODY_KAFKA_"
FILE_VARIABLE = "CUSTODY_KAFKA_SETTINGS"


class KafkaSettings(BaseModel):
    """What a client needs to connect; a secret is never shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_key_password: SecretStr | None = None

    def client(self) -> dict[str, Any]:
        """Return what every kafka-python client is given; raise InputRefused where a file cannot be read."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
        }
        if "SSL" in self.security_protocol:
            given["ssl_context"] = self._ssl_context()
        if self.security_protocol.startswith("SASL"):
            given |= {"sasl_mechanism": self.sasl_mechanism, "sasl_plain_username": self.sasl_username}
            given["sasl_plain_password"] = self._password()
        return given

    def _password(self) -> str | None:
        if self.sasl_password_file is None:
            return self.sasl_password.get_secret_value() if self.sasl_password else None
        try:
            return self.sasl_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise _refused("sasl_password_file", error.strerror or str(error)) from None

    def _ssl_context(self) -> ssl.SSLContext:
        secret = self.ssl_key_password.get_secret_value() if self.ssl_key_password else None
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
            if self.ssl_certfile is not None:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile, secret)
        except OSError as error:  # of which ssl's own is one
            raise _refused("ssl_cafile, ssl_certfile, ssl_keyfile", error.strerror or str(error)) from None
        return context


def kafka_settings(file: Path | None, environment: Mapping[str, str] = os.environ) -> KafkaSettings:
    """Return the settings of a file and the environment; raise InputRefused(bad_kafka_setting), without values."""
    named = environment.get(FILE_VARIABLE)
    chosen = file or (Path(named) if named else None)
    given: dict[str, Any] = {}
    if chosen is not None:
        try:
            given = parse_strict_yaml(chosen.read_text(encoding="utf-8"), str(chosen)).value
        except (OSError, UnicodeDecodeError):
            raise InputRefused(
                "bad_kafka_setting", "the settings of Kafka cannot be read", where=str(chosen), mend="check the path"
            ) from None
    if not isinstance(given, dict):
        raise _refused(str(chosen), "the file is no mapping")
    for name in KafkaSettings.model_fields:
        if value := environment.get(PREFIX + name.upper()):
            given[name] = value
    if "bootstrap_servers" not in given:
        raise InputRefused(
            "bad_kafka_setting",
            "nothing says where Kafka is",
            where="bootstrap_servers",
            mend=f"set {PREFIX}BOOTSTRAP_SERVERS=host:9092, or name a file of settings with --settings",
        )
    try:
        return KafkaSettings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _refused(".".join(map(str, first["loc"])), first["msg"]) from None


def _refused(where: str, what: str) -> InputRefused:
    mend = "docs/kafka.md lists the settings"
    return InputRefused("bad_kafka_setting", f"a setting of Kafka cannot be used: {what}", where=where, mend=mend)
