"""An OpenID Connect provider: what it publishes, and what it says of who logged in there.

Only the issuer's own host, and those that the configuration names, are ever asked; no redirect is
followed, answers are small and soon, and whatever goes wrong is answered alike: the log says more.
Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 9700 (best current practice).
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from holdfast.clock import Clock
from holdfast.config import OidcSettings, PasswordSource, read_password
from holdfast.errors import ConfigError, MissingExtra, NotAuthenticated

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

_log = logging.getLogger("holdfast.web.server")

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""What a provider may sign with; never `none`, nor a secret that we share with it."""
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1024 * 1024
LEEWAY_S = 60
KEYS_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login at the provider that was begun: what its answer must fit.

    Attributes:
        again: Whether the user shall prove who they are although they are logged in there.
    """

    state: str
    nonce: str
    verifier: str
    again: bool = False

    @classmethod
    def begin(cls, *, again: bool = False) -> Attempt:
        """Return a new one, all at random."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, again)

    def text(self) -> str:
        """Return it for a cookie."""
        return ".".join((self.state, self.nonce, self.verifier, *(["again"] * self.again)))

    @classmethod
    def parse(cls, text: str) -> Attempt | None:
        """Return what `text` wrote; None if it is something else."""
        parts = text.removesuffix(".again").split(".")
        if len(parts) != 3 or not all(parts):
            return None
        state, nonce, verifier = parts
        return cls(state, nonce, verifier, text.endswith(".again"))


class Provider:
    """The provider of the configuration; safe to use from many threads.

    Raises:
        ConfigError: Something that it needs is not set.
    """

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        if not settings.issuer or not settings.client_id:
            raise ConfigError(
                "Logins at a provider need both issuer and client_id", hint="Set them in [oidc]."
            )
        self.issuer = settings.issuer
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, Mapping[str, Any], KeySet] | None = None

    def login_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where a browser is sent to log in.

        Raises:
            NotAuthenticated: The provider cannot be asked.
        """
        published, _ = self._published()
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": str(self._settings.client_id),
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if attempt.again:
            query |= {"prompt": "login", "max_age": "0"}
        endpoint = str(published["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def claims_of(self, code: str, attempt: Attempt, redirect_uri: str) -> Mapping[str, Any]:
        """Return what the provider says of who logged in.

        Raises:
            NotAuthenticated: It does not say so, or not in a way that can be believed.
        """
        published, keys = self._published()
        answer = self._ask(
            str(published["token_endpoint"]),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": attempt.verifier,
                "client_id": str(self._settings.client_id),
            },
        )
        return self._verified(str(answer.get("id_token", "")), attempt, keys)

    def proven(self, claims: Mapping[str, Any], within: timedelta) -> bool:
        """Say whether the user proved of late who they are; a provider that is silent did not say.

        A token may be a second old and stand for a password that was typed last month: only
        `auth_time` tells (Core 1.0, 2).
        """
        at = claims.get("auth_time")
        if isinstance(at, bool) or not isinstance(at, int | float):
            return False
        age_s = self._clock.now().timestamp() - at
        return -LEEWAY_S <= age_s <= within.total_seconds() + LEEWAY_S

    def _verified(self, id_token: str, attempt: Attempt, keys: KeySet) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        client_id = str(self._settings.client_id)
        try:
            claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": client_id},
                nonce={"essential": True, "value": attempt.nonce},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused(f"its token: {type(error).__name__}") from error
        if claims.get("azp", client_id) != client_id:
            raise _refused("its token is for another")
        return claims

    def _published(self) -> tuple[Mapping[str, Any], KeySet]:
        """Return what the provider publishes of itself, and its keys; asked once an hour."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        with self._lock:
            now = self._clock.monotonic_s()
            if self._known is None or now - self._known[0] > KEYS_LIFE_S:
                base = self.issuer.rstrip("/")
                published = self._ask(f"{base}/.well-known/openid-configuration")
                if published.get("issuer") != self.issuer:
                    raise _refused("it calls itself another")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    self._require_known(str(published.get(name, "")), name)
                try:
                    keys = KeySet.import_key_set(self._ask(str(published["jwks_uri"])))  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise _refused(f"its keys: {type(error).__name__}") from error
                self._known = (now, published, keys)
            return self._known[1], self._known[2]

    def _require_known(self, url: str, name: str) -> None:
        """Insist that an address is on the issuer's host or on one of the configuration."""
        try:
            parts, issuer = urlsplit(url), urlsplit(self.issuer)
            own = (parts.scheme, parts.netloc) == (issuer.scheme, issuer.netloc)
            named = parts.scheme == "https" and parts.netloc in self._settings.hosts
        except ValueError:
            own = named = False
        if not own and not named:
            raise _refused(f"{name} is on a host that [oidc] does not name")

    def _ask(self, url: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        try:
            import httpx
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "Logins at a provider need httpx, which is not installed",
                hint="pip install 'holdfast[oidc]'",
            ) from error
        secret = self._secret() if form is not None else None
        auth = httpx.BasicAuth(str(self._settings.client_id), secret) if secret else None
        try:
            # Neither proxies nor credentials of the environment: what is asked is known.
            with (
                httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
                client.stream("POST" if form else "GET", url, data=form, auth=auth) as answer,
            ):
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MAX_ANSWER_BYTES:
                        raise _refused("it says too much")
                if answer.status_code != 200:
                    raise _refused(f"it answers {answer.status_code}")
                found = json.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _refused(f"it cannot be asked: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise _refused("it answers something else")
        return found

    def _secret(self) -> str | None:
        path = self._settings.client_secret_file
        if path is None:
            return None
        return read_password(PasswordSource.of_file(path, "oidc.client_secret_file"))


def _refused(why: str) -> NotAuthenticated:
    """Return the one answer to all that can go wrong; why, only the log says."""
    _log.warning("The OpenID Connect provider was not believed: %s", why)
    return NotAuthenticated(
        "The provider did not confirm the login",
        hint="Try again; the log of the server says what was wrong.",
    )
