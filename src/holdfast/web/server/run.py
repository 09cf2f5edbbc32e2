"""Serving: one process, or several below one that restarts those which die."""

from __future__ import annotations

import copy
import json
import logging
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from holdfast.config import pass_on
from holdfast.errors import ConfigError
from holdfast.web.server.app import SERVE_VARIABLE, create_app
from holdfast.web.server.installation import Installation

GRACE_S = 5
"""How long requests may still take once the server was asked to end; events never end."""
KEEP_ALIVE_S = 75
"""Longer than proxies keep an idle connection, or they send on one that is just closed [s]."""
HEALTHCHECK_S = 60
"""A process that is silent for so long is replaced; on a busy machine 5 are soon over [s]."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{40,}")


class WithoutSecrets(logging.Filter):
    """Takes what may open a door out of the log of requests: queries, and tokens in paths."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, without secrets."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, *rest = record.args
            record.args = (client, method, _SECRET.sub("***", str(path).partition("?")[0]), *rest)
        return True


def listen(installation: Installation) -> tuple[socket.socket, Installation]:
    """Open the address; return it, and the installation with the port that it got.

    Raises:
        ConfigError: It is in use, is another machine's, or may not be used.
    """
    host, port = installation.server.host, installation.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"The server cannot listen on {host}, port {port}: {error.strerror or error}",
            hint="Give another with --host and --port.",
        ) from error
    server = replace(installation.server, port=listener.getsockname()[1])
    return listener, replace(installation, server=server)


def serve(installation: Installation, listener: socket.socket, told: Mapping[str, Any]) -> None:
    """Answer requests until a signal comes.

    Args:
        told: What the processes need to load the same configuration.
    """
    server, options = installation.server, _options(installation)
    if server.workers == 1:
        config = uvicorn.Config(create_app(installation), **options)
        uvicorn.Server(config).run(sockets=[listener])
        return
    pass_on(SERVE_VARIABLE, json.dumps(told))
    listener.close()  # uvicorn opens it again, for all its processes
    uvicorn.run(
        "holdfast.web.server:app_from_environment",
        factory=True,
        host=server.host,
        port=server.port,
        workers=server.workers,
        timeout_worker_healthcheck=HEALTHCHECK_S,
        **options,
    )


def _options(installation: Installation) -> dict[str, Any]:
    server = installation.server
    return {
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": list(server.trusted_proxies),
        "ssl_certfile": server.tls_certificate,
        "ssl_keyfile": server.tls_key,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "log_config": _log_config(),
    }


def _log_config() -> dict[str, Any]:
    """Return uvicorn's own, on standard error, with ours beside it."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"without_secrets": {"()": WithoutSecrets}}
    config["handlers"]["access"] |= {
        "filters": ["without_secrets"],
        "stream": "ext://sys.stderr",
    }
    config["loggers"]["holdfast"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
