# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading what the daemon writes down of each domain."""

import json

from hosts import wait_until


def timeline(host, name):
    """All entries so far, as dictionaries."""
    text = host.shell(f"cat {host.timelines}/{name}.jsonl 2>/dev/null || true")
    return [json.loads(line) for line in text.splitlines()]


def entry(host, name, **wanted):
    """The first entry with these values, as soon as there is one."""

    def found():
        return [one for one in timeline(host, name) if wanted.items() <= one.items()]

    return wait_until(found, host.patience, f"{wanted} in the timeline of {name}: {timeline(host, name)}")[0]
