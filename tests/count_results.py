# SPDX-License-Identifier: LGPL-2.1-or-later
"""
count_results.py FOLDER [BROKEN_STAGE...]: adds up the JUnit files of a test run, STAGE.xml and STAGE.PART.xml, and prints
the closing line.
"""

import pathlib
import sys
import xml.etree.ElementTree as ET


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main(folder, broken):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    failed = set()  # stages
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        for case in ET.parse(path).getroot().iter("testcase"):
            result = outcome(case)
            count[result] += 1
            if result == "failed":
                failed.add(path.stem.split(".")[0])
                print(f"FAILED {path.stem}: {case.get('classname')}.{case.get('name')}")
    for stage in broken:
        if stage not in failed:
            print(f"FAILED {stage}: it broke without a test that failed")
            count["failed"] += 1
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or count["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
