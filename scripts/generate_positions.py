"""Write docs/reference/positions.md from the recorded positions beside this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from liqwatch.testing.golden import read_records
from liqwatch.testing.golden_page import positions_page

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT.parent / "shared" / "golden" / "positions.json"


def main() -> int:
    """Write the page; 1 when the records are not there."""
    if not RECORDS.exists():
        print("the recorded positions are not beside this checkout; the page stays as it is")
        return 1
    page = ROOT / "docs" / "reference" / "positions.md"
    page.write_text(positions_page(read_records(RECORDS)), encoding="utf-8")
    print(f"written: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
