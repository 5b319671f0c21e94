"""``python -m verify`` is ``jensen``."""

from verify.cli import main

raise SystemExit(main())
