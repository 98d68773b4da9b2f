"""How to reach Kafka: settings, secrets that are never shown, and a broker that asks for TLS and a password."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.kafka.clients import admin, explained
from adapters.kafka.settings import KafkaSettings, kafka_settings
from deploy.kafka.brokers import free_ports, running
from domain.errors import InputRefused, LedgerUnavailable
from tests.kafka_brokers import DROPPED_SOCKETS

SECRET = "correct-horse"  # noqa: S105 - a test's


def test_the_environment_goes_before_the_file_and_no_secret_is_ever_shown(tmp_path: Path) -> None:
    file = tmp_path / "kafka.yaml"
    file.write_text(f"bootstrap_servers: a:1,b:2\nsecurity_protocol: SASL_SSL\nsasl_password: {SECRET}\n")

    settings = kafka_settings(file, {"CUSTODY_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"})

    assert {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"} == settings.client()
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("security_protocol: SSL\n", "bootstrap_servers"),
        ("bootstrap_servers: a:1\nsecurity_protocol: TLS\n", "security_protocol"),
        (f"bootstrap_servers: a:1\nsasl_pasword: {SECRET}\n", "sasl_pasword"),
        ("- a\n", ""),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not_shown(
    tmp_path: Path, text: str, where: str
) -> None:
    file = tmp_path / "kafka.yaml"
    file.write_text(text)

    with pytest.raises(InputRefused) as refused:
        kafka_settings(file, {})

    assert "bad_kafka_setting" == refused.value.code
    assert where in refused.value.where
    assert SECRET not in str(refused.value)


@pytest.mark.filterwarnings(*DROPPED_SOCKETS)
def test_a_broker_that_nobody_answers_at_is_named() -> None:
    settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_ports(1)[0]}")
    from adapters.kafka import clients

    with pytest.raises(LedgerUnavailable) as unavailable, explained(settings):
        clients.KafkaAdminClient(**settings.client(), bootstrap_timeout_ms=500)

    assert ("kafka_unavailable", settings.bootstrap_servers) == (unavailable.value.code, unavailable.value.where)
    gc.collect()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A broker that takes TLS with a certificate of its own, and users with passwords: its address, and the CA file."""
    folder = tmp_path_factory.mktemp("tls")
    (port,) = free_ports(1)
    chain = certificate(folder)

    def also(plain: int, controller: int) -> str:
        listeners = f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{port}"
        login = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return (
            f"listeners={listeners},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners={listeners}\n"
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL\n"
            "sasl.enabled.mechanisms=PLAIN\n"
            f'listener.name.sasl_ssl.plain.sasl.jaas.config={login} required user_ledger="{SECRET}";\n'
            f"ssl.keystore.type=PEM\nssl.keystore.location={chain}\n"
        )

    with running(1, also=also):
        yield f"127.0.0.1:{port}", folder / "ca.pem"


def certificate(folder: Path) -> Path:
    """Write a self-signed certificate and return the file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "chain.pem").write_bytes(private + pem)
    return folder / "chain.pem"


@pytest.mark.filterwarnings(*DROPPED_SOCKETS)
def test_a_broker_with_tls_and_passwords_is_reached_with_the_right_one_and_refuses_another(secured, tmp_path) -> None:
    address, ca = secured
    (tmp_path / "password").write_text(f"{SECRET}\n")
    good = {
        "CUSTODY_KAFKA_BOOTSTRAP_SERVERS": address,
        "CUSTODY_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CUSTODY_KAFKA_SASL_MECHANISM": "PLAIN",
        "CUSTODY_KAFKA_SASL_USERNAME": "ledger",
        "CUSTODY_KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"),
        "CUSTODY_KAFKA_SSL_CAFILE": str(ca),
    }

    with closing(admin(kafka_settings(None, good))) as client:
        assert 1 == len(client.describe_cluster()["brokers"])
    (tmp_path / "password").write_text("wrong")
    bad = kafka_settings(None, good)
    with pytest.raises(LedgerUnavailable) as refused, explained(bad), closing(admin(bad)):
        pass
    assert refused.value.code in ("kafka_refused", "kafka_unavailable")
    assert "wrong" not in str(refused.value)
    gc.collect()
