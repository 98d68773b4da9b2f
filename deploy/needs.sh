#!/usr/bin/env bash
# What `make test` needs beside Python, installed where it is missing: a browser for the pages, and for Kafka what
# `KAFKA_BOOTSTRAP_SERVERS` names, Docker's, or a broker on Java with Maven's jars; tests that kill brokers run three on Java.
# strace lets calls to the disk fail.
set -euo pipefail

missing=()
command -v chromium > /dev/null || missing+=(chromium)
command -v java > /dev/null || missing+=(default-jre-headless)
command -v mvn > /dev/null || missing+=(maven)
command -v strace > /dev/null || missing+=(strace)
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if ! command -v apt-get > /dev/null || ! $as_root true 2> /dev/null; then
    echo "the tests need ${missing[*]} (Java 17 or newer): install them, and run this again" >&2
    exit 1
fi
echo "installing ${missing[*]}, which the tests need"
$as_root apt-get update -qq
$as_root apt-get install -y -qq "${missing[@]}" > /dev/null
