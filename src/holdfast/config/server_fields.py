"""The settings of `holdfast serve`: the tables `[server]` and `[oidc]`."""

from __future__ import annotations

from holdfast.config import values
from holdfast.config.field import Field

SERVER_FIELDS = (
    Field(
        key="server.host",
        parse=values.parse_text,
        default="127.0.0.1",
        flag="--host",
        summary="The address that `holdfast serve` listens on. Another than this machine's needs"
        " `tls_certificate`, `trusted_proxies` or `allow_http`, and `allowed_hosts`.",
    ),
    Field(
        key="server.port",
        parse=values.parse_port,
        default=8080,
        flag="--port",
        summary="The port that it listens on.",
    ),
    Field(
        key="server.workers",
        parse=values.parse_workers,
        default=1,
        flag="--workers",
        summary="How many processes answer requests. A schedule still runs once.",
    ),
    Field(
        key="server.allowed_hosts",
        parse=values.parse_texts,
        default=(),
        flag="--allowed-host",
        summary="The names that the server is reached by, as browsers show them; a request for"
        " another is refused. The names of this machine are allowed while it listens there only.",
    ),
    Field(
        key="server.root_path",
        parse=values.parse_root_path,
        default="",
        summary="The path before all others, where a proxy puts the server under one: `/backup`.",
    ),
    Field(
        key="server.trusted_proxies",
        parse=values.parse_texts,
        default=(),
        summary="Addresses or networks of the proxies whose `X-Forwarded-For` and"
        " `X-Forwarded-Proto` are believed.",
    ),
    Field(
        key="server.tls_certificate",
        parse=values.parse_path,
        flag="--tls-certificate",
        summary="A file with the server's certificate and those between it and its authority;"
        " the server then speaks HTTPS.",
    ),
    Field(
        key="server.tls_key",
        parse=values.parse_path,
        flag="--tls-key",
        summary="The file with the certificate's private key.",
    ),
    Field(
        key="server.allow_http",
        parse=values.parse_bool,
        default=False,
        flag="--allow-http",
        summary="Listen on a network without HTTPS. Passwords then cross it in the clear.",
    ),
    Field(
        key="server.catalog",
        parse=values.parse_text,
        variable="HOLDFAST_CATALOG_URL",
        summary="URL of the database of jobs, schedules and users, SQLite or PostgreSQL, if not"
        " a file beside the repository of the first plan.",
    ),
    Field(
        key="server.session_hours",
        parse=values.parse_positive,
        default=12,
        summary="After how many hours a login ends in any case.",
    ),
    Field(
        key="server.idle_minutes",
        parse=values.parse_positive,
        default=60,
        summary="After how many minutes without a request a login ends.",
    ),
    Field(
        key="server.step_up_minutes",
        parse=values.parse_positive,
        default=5,
        summary="For how many minutes a password that was typed allows to restore, delete and"
        " administer; after that it is asked for again.",
    ),
    Field(
        key="server.cookie_secure",
        parse=values.parse_cookie_secure,
        default="auto",
        summary="Whether browsers send the session over HTTPS only: `always`, `never`, or `auto` by"
        " how the login came.",
    ),
    Field(
        key="server.max_upload_mib",
        parse=values.parse_positive,
        default=20_480,
        summary="The largest archive that may be uploaded, in MiB.",
    ),
    Field(
        key="server.audit_days",
        parse=values.parse_count,
        default=730,
        summary="After how many days an entry of the audit is removed, when the server starts;"
        " 0 keeps all.",
    ),
    Field(
        key="oidc.issuer",
        parse=values.parse_issuer,
        summary="The address of an OpenID Connect provider that users may log in at.",
    ),
    Field(
        key="oidc.client_id",
        parse=values.parse_text,
        summary="What the provider knows this server by.",
    ),
    Field(
        key="oidc.client_secret_file",
        parse=values.parse_path,
        summary="A file with the secret that the provider gave for it.",
    ),
    Field(
        key="oidc.scopes",
        parse=values.parse_texts,
        default=("openid", "profile", "email"),
        summary="What is asked of the provider.",
    ),
    Field(
        key="oidc.username_claim",
        parse=values.parse_text,
        default="preferred_username",
        summary="The claim that names the user.",
    ),
    Field(
        key="oidc.role_claim",
        parse=values.parse_text,
        default="groups",
        summary="The claim that decides on the role: a text or a list of texts.",
    ),
    Field(
        key="oidc.roles",
        parse=values.parse_claim_roles,
        default={},
        summary="By a value of that claim, the role: `viewer`, `operator` or `admin`; the highest"
        " counts, and who has none is refused.",
    ),
    Field(
        key="oidc.hosts",
        parse=values.parse_texts,
        default=(),
        summary="Further hosts of the provider, where its keys and tokens are not on the issuer's"
        " own: `oauth2.example.com`. The server asks no others.",
    ),
)
