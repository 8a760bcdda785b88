"""The page at ``/docs``. Its scripts come from this server: a machine without the internet shows it as well."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"


def install(app: FastAPI) -> None:
    """Serve Swagger UI for the application's OpenAPI document.

    The application is to be made with ``docs_url=None`` and ``redoc_url=None``: FastAPI's own pages load their scripts
    from a public network.
    """
    # The package is used for the files it carries alone: a released Swagger UI in a wheel of half a megabyte.
    folder = Path(str(importlib.resources.files("fastapi_swagger"))) / "resources"
    app.mount(ASSETS, StaticFiles(directory=folder), name="docs_assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=f"{app.title} API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
            swagger_ui_parameters={
                "persistAuthorization": True,
                "displayRequestDuration": True,
                "docExpansion": "list",
            },
        )
