"""One file per resource.

Each router names its whole path: FastAPI knows a route by what its own router says, and metrics and checks go by that.
"""

from __future__ import annotations

V1 = "/api/v1"
