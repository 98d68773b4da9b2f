"""Topics as declared: made where they are missing, their settings mended where they differ; partitions never changed.

replication_factor: 3
agencies: [mn-cass-sheriff, us-ice]
topics:
  - name: custody.intake.{agency}        one for each agency
    partitions: 6
    config: {retention.ms: "2592000000"}
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.kafka.clients import admin
from adapters.kafka.settings import KafkaSettings
from adapters.rules.strict_yaml import parse_strict_yaml, yaml_text
from domain.errors import InputRefused

AGENCY = "{agency}"


class DeclaredTopic(BaseModel):
    """One topic, or with {agency} in its name one for each agency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-zA-Z0-9._-]+(\{agency\}[a-zA-Z0-9._-]*)?$", max_length=200)
    partitions: int = Field(ge=1, le=1_000)
    config: dict[str, str] = Field(default_factory=dict)


class Declaration(BaseModel):
    """A file of topics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replication_factor: int = Field(ge=1, le=10)
    agencies: tuple[str, ...] = ()
    topics: tuple[DeclaredTopic, ...]

    def each(self) -> Iterator[DeclaredTopic]:
        """Yield every topic under its own name."""
        for topic in self.topics:
            if AGENCY not in topic.name:
                yield topic
            for agency in self.agencies if AGENCY in topic.name else ():
                yield topic.model_copy(update={"name": topic.name.replace(AGENCY, agency)})


class Applied(NamedTuple):
    """What was done to a topic: made, mended, kept, or differs (its partitions, which nothing here changes)."""

    topic: str
    done: str
    what: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the wire form."""
        return self._asdict()


def declared_topics(path: Path) -> Declaration:
    """Read a file of topics; raise InputRefused(bad_topics, unreadable, bad_encoding)."""
    text = yaml_text(path, mend="name a file of topics: docs/kafka.md")
    try:
        return Declaration.model_validate(parse_strict_yaml(text, str(path)).value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = f"{path}: {'.'.join(map(str, first['loc']))}"
        mend = "docs/kafka.md shows a file of topics"
        raise InputRefused("bad_topics", f"the topics cannot be used: {first['msg']}", where=where, mend=mend) from None


def apply(settings: KafkaSettings, declaration: Declaration, *, copies: int | None, dry: bool) -> list[Applied]:
    """Make what is missing and mend what differs; with `dry` only say so. `copies` goes before the file's number."""
    with closing(admin(settings)) as client:
        there = {topic["name"]: topic for topic in client.describe_topics()}
        replication = copies or declaration.replication_factor
        return [_apply(client, topic, there.get(topic.name), replication, dry=dry) for topic in declaration.each()]


def _apply(client: Any, topic: DeclaredTopic, there: Any, replication: int, *, dry: bool) -> Applied:
    if there is None:
        config = _for_copies(topic.config, replication)
        options = {"num_partitions": topic.partitions, "replication_factor": replication, "configs": config}
        if not dry:
            client.create_topics({topic.name: options}, wait_for_metadata=True)
        return Applied(topic.name, "made", f"{topic.partitions} partitions, {replication} copies")
    partitions = there["partitions"]
    if len(partitions) != topic.partitions:
        what = f"{len(partitions)} partitions, declared {topic.partitions}: more would move chains and lose their order"
        return Applied(topic.name, "differs", what)
    wrong = _differing(client, topic, copies=len(partitions[0]["replica_nodes"]))
    if not wrong:
        return Applied(topic.name, "kept")
    if not dry:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, wrong)])
    return Applied(topic.name, "mended", ", ".join(f"{name}={value}" for name, value in sorted(wrong.items())))


def _differing(client: Any, topic: DeclaredTopic, *, copies: int) -> dict[str, str]:
    found = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])["topic"][topic.name]
    declared = _for_copies(topic.config, copies)
    return {name: value for name, value in declared.items() if found.get(name, {}).get("value") != value}


def _for_copies(config: dict[str, str], copies: int) -> dict[str, str]:
    """Return the settings, without asking for more copies in step than there are: one broker could write nothing."""
    in_step = int(config.get("min.insync.replicas", "1"))
    return {**config, "min.insync.replicas": str(min(in_step, copies))}
