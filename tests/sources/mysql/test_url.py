"""Database URLs of MySQL and MariaDB."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigError
from holdfast.sources.mysql import MySqlSource, is_mysql_url
from holdfast.sources.mysql.url import parse_url

CANARY = "c4nary-s3cret"


@pytest.mark.parametrize(
    "scheme",
    [
        "mysql",
        "mysql+pymysql",
        "mysql+aiomysql",
        "mysql+asyncmy",
        "mysql+mysqldb",
        "mysql+mysqlconnector",
        "mariadb",
        "mariadb+pymysql",
        "MySQL",
    ],
)
def test_every_spelling_names_the_same_database(scheme: str) -> None:
    url = f"{scheme}://app:pw@db.example:3307/shop?charset=utf8mb4"
    found = parse_url(url)
    assert is_mysql_url(url)
    assert (found.host, found.port, found.user, found.password, found.database) == (
        "db.example",
        3307,
        "app",
        "pw",
        "shop",
    )


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("mysql://app:pw@db/shop", "mysql://app@db:3306/shop"),
        ("mariadb+pymysql://app:pw@db:1/shop", "mariadb://app@db:1/shop"),
        ("mysql://app:pw@[::1]:3307/shop", "mysql://app@[::1]:3307/shop"),
        ("mysql://localhost/a%2Fb%20c", "mysql://localhost:3306/a%2Fb%20c"),
        (
            "mysql://app:pw@localhost/shop?unix_socket=/run/my.sock",
            "mysql://app@localhost/shop?unix_socket=/run/my.sock",
        ),
        ("mysql://a%40b:p%3A%2F%3F%40@h/d", "mysql://a%40b@h:3306/d"),
    ],
)
def test_the_location_names_the_database_without_its_password(url: str, location: str) -> None:
    assert parse_url(url).location == location
    assert MySqlSource(url).location == location


def test_percent_encoding_is_decoded() -> None:
    found = parse_url("mysql://a%40b:p%3A%2F%3F%40%25@h/d%C3%A9")
    assert (found.user, found.password, found.database) == ("a@b", "p:/?@%", "dé")


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", "preferred"),
        ("ssl=true", "required"),
        ("ssl=false", "disabled"),
        ("ssl_disabled=1", "disabled"),
        ("ssl_ca=/ca.pem", "verify_ca"),
        ("ssl_ca=/ca.pem&ssl_check_hostname=true", "verify_identity"),
        ("ssl_ca=/ca.pem&ssl_verify_cert=false", "required"),
        ("ssl_cert=/c.pem&ssl_key=/k.pem", "required"),
        ("ssl_verify_identity=true", "verify_identity"),
        ("ssl-mode=VERIFY_IDENTITY", "verify_identity"),
        ("ssl_mode=required", "required"),
    ],
)
def test_options_for_encryption_are_understood(query: str, mode: str) -> None:
    assert parse_url(f"mysql://app@db/shop?{query}").tls.mode == mode


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://app:{CANARY}@db/shop",
        f"mysql://app:{CANARY}@db",
        f"mysql://app:{CANARY}@db/",
        f"mysql://app:{CANARY}@db:99999/shop",
        f"mysql://app:{CANARY}@db:port/shop",
        f"mysql://app:{CANARY}@-oProxy/shop",
        f"mysql://app:{CANARY}@%2Ftmp/shop",
        f"mysql://app:{CANARY}@db/{'x' * 65}",
        f"mysql://app:{CANARY}@db/a%00b",
        f"mysql://app:{CANARY}@db/shop?ssl_modus=required",
        f"mysql://app:{CANARY}@db/shop?ssl=perhaps",
        f"mysql://app:{CANARY}@db/shop?ssl_mode=often",
        "mysql:shop",
        "",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    """R56: neither the message nor the hint repeats it."""
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"


def test_a_connection_does_not_show_its_password() -> None:
    """R56: not even where somebody prints it."""
    found = parse_url(f"mysql://app:{CANARY}@db/shop")
    assert CANARY not in repr(found)
    assert CANARY not in found.redact(f"using password {CANARY}")


@given(st.text())
def test_any_text_is_a_url_or_refused(text: str) -> None:
    """R55: nothing but `ConfigError` comes of it."""
    for url in (text, f"mysql://{text}", f"mysql://u:p@h/{text}"):
        try:
            found = parse_url(url)
        except ConfigError:
            continue
        assert not found.host.startswith("-")
        assert found.location.startswith(("mysql://", "mariadb://"))


def test_the_path_in_the_backup_is_one_file() -> None:
    assert MySqlSource("mysql://h/shop").root == "database/shop.sql"
    assert MySqlSource("mysql://h/..%2F..%2Fetc").root == "database/..%2F..%2Fetc.sql"
    assert MySqlSource("mysql://h/shop", name="main", root="database/x.sql").name == "main"
