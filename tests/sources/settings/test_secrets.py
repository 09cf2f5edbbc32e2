"""What is secret stays in the application."""

from __future__ import annotations

import pytest

from holdfast.sources.settings.secrets import Secrets


class Hidden:
    """As Pydantic's `SecretStr`."""

    def get_secret_value(self) -> str:
        return "hidden"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "smtp_password", "SMTP_PASSWORD", "smtpPassword", "smtp-password"),
        *("db.passwd", "secret", "client_secret", "JWT_SECRET", "secretKey", "SECRET_KEY"),
        *("token", "access_token", "githubToken", "api_key", "apiKey", "APIKey", "apikey"),
        *("private_key", "ssh_key", "encryption_key", "credentials", "passphrase", "license_key"),
        *("password_hash", "totp_secret", "aws_access_key_id", "webhook_signing_key"),
    ],
)
def test_a_name_that_says_so_is_secret(name: str) -> None:
    assert Secrets().conceals((name,), "value")


@pytest.mark.parametrize(
    "name",
    [
        *("theme", "primary_key", "keyboard", "monkey", "key", "public_key", "tokenizer"),
        *("password_min_length", "password_policy", "token_ttl", "max_tokens", "secretary"),
        *("api_key_header", "token_url", "password_reset_enabled", "secret_santa_name"),
        *("compass", "passage", "author", "session_timeout"),
    ],
)
def test_a_name_that_only_speaks_of_a_secret_is_none(name: str) -> None:
    assert not Secrets().conceals((name,), "value")


@pytest.mark.parametrize("value", [True, False, None, "", {}])
def test_what_holds_nothing_is_no_secret(value: object) -> None:
    assert not Secrets().conceals(("password",), value)


@pytest.mark.parametrize(
    "value",
    [
        *("enc:AbC", "ENC[AES256,data]", "{cipher}abc", "vault:secret/data"),
        "gAAAAABl9n0F8Xk2mQe7Zz0aBcDeFgHiJkLmNoPqRsTuVwXyZ",
        *("$argon2id$v=19$m=65536", "$2b$12$abcdefghijklmnopqrstuv", "pbkdf2_sha256$260000$x"),
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "postgresql://app:hunter2@db.example/app",
        "redis://:hunter2@cache",
        "Bearer abcdefghijklmnop",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "sk_live_abcdefghijkl",
    ],
)
def test_a_value_that_says_so_is_secret(value: str) -> None:
    assert Secrets().conceals(("anything",), value)


@pytest.mark.parametrize(
    "value", ["dark", "https://example.org:8080/a@b", "encoding", "vaulted", "user@example.org", 7]
)
def test_an_ordinary_value_is_none(value: object) -> None:
    assert not Secrets().conceals(("anything",), value)


def test_an_object_that_hides_its_value_is_secret() -> None:
    assert Secrets(public=["*"]).conceals(("anything",), Hidden())


def test_the_host_adds_patterns_or_a_rule_and_takes_names_out() -> None:
    assert Secrets(["smtp.*"]).conceals(("smtp", "host"), "x")
    assert Secrets(["pin?ode"]).conceals(("door", "pincode"), "x")
    assert Secrets(lambda name, value: name == "a.b" and value == 1).conceals(("a", "b"), 1)
    assert not Secrets(public=["token"]).conceals(("token",), "x")
    assert Secrets(public=["token"]).conceals(("token",), "enc:x")
    assert Secrets(["token"], public=["token"]).conceals(("token",), "x")


def test_a_long_text_is_judged_in_a_time_proportional_to_its_length() -> None:
    """A search that began anew at every letter took a minute for 100,000 of them."""
    for text in ("x" * 1_000_000, "a://" * 250_000, "://" + "a" * 1_000_000):
        assert not Secrets().conceals(("text",), text)
