"""Topics as declared: made, mended, kept; and the file that ships."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import apply, declared_topics
from domain.errors import InputRefused

SHIPPED = Path(__file__).parents[3] / "deploy/kafka/topics.yaml"


@pytest.fixture
def declared(tmp_path: Path):
    """Write a file of topics with names of this test's own, and read it."""
    run = uuid.uuid4().hex[:8]

    def write(*, partitions: int = 2, retention: str = "1000000"):
        file = tmp_path / "topics.yaml"
        file.write_text(
            f"replication_factor: 3\nagencies: [cass, ice]\ntopics:\n  - name: t.{run}.{{agency}}\n"
            f'    partitions: {partitions}\n    config: {{retention.ms: "{retention}", min.insync.replicas: "2"}}\n'
        )
        return declared_topics(file)

    return write


def test_topics_are_made_then_kept_then_mended_and_partitions_are_never_changed(broker, declared) -> None:
    settings = KafkaSettings(bootstrap_servers=broker)

    def done(declaration, *, dry: bool = False) -> set[str]:
        return {one.done for one in apply(settings, declaration, copies=1, dry=dry)}

    assert {"made"} == done(declared(), dry=True)
    assert {"made"} == done(declared())
    assert {"kept"} == done(declared())
    assert {"mended"} == done(declared(retention="2000000"), dry=True)
    assert {"mended"} == done(declared(retention="2000000"))
    assert {"kept"} == done(declared(retention="2000000"))
    assert {"differs"} == done(declared(partitions=3, retention="2000000"))


def test_the_file_that_ships_declares_three_topics_for_an_agency_and_its_log() -> None:
    names = [topic.name for topic in declared_topics(SHIPPED).each()]

    assert {"custody.intake.us-ice", "custody.intake.us-ice.dlq", "custody.events.v1"} <= set(names)
    assert len(names) == len(set(names))
    assert all(topic.config["cleanup.policy"] == "delete" for topic in declared_topics(SHIPPED).each())


@pytest.mark.parametrize("text", ["topics: 3\n", "replication_factor: 0\ntopics: []\n", "replication_factor: 1\n"])
def test_a_file_that_declares_nothing_usable_says_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(text)

    with pytest.raises(InputRefused) as refused:
        declared_topics(file)

    assert ("bad_topics", True) == (refused.value.code, str(file) in refused.value.where)
