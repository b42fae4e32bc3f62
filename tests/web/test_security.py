"""Who is let in and what goes out (T-49): nobody from elsewhere, nothing outside the list, nothing a browser runs."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from sentio_tui.web.app import ROUTES
from sentio_tui.web.guard import COOKIE, POLICY, is_loopback
from sentio_tui.web.server import NotServed, address_of, checked_token, listen
from tests.web.recordings import Growing
from tests.web.serving import PATIENCE, Answer, Reader, Served, served

TOKEN = "correct-horse-battery"
SYMBOL = "<img src=x onerror=1>"
REASON = "</script><script>alert('&\\u202e')</script>"
PLAIN = [path for path in ROUTES.values() if "{" not in path]


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Growing:
    made = Growing(tmp_path_factory.mktemp("sessions"))
    made.write()
    return made


@pytest.fixture(scope="module")
def server(growing: Growing) -> Iterator[Served]:
    with served(growing.path.parent) as made:
        yield made


@pytest.fixture(scope="module")
def locked(growing: Growing) -> Iterator[Served]:
    """A server as on an address that others reach: with a token, and under any name."""
    with served(growing.path.parent, token=TOKEN, is_local=False) as made:
        yield made


def refusal(server: Served, file: str = "", **headers: str) -> int:
    """The status with which a websocket is refused."""
    with pytest.raises(InvalidStatus) as refused, server.watch(file, **headers):
        pass
    assert refused.value.response.body is not None
    assert b"error" in refused.value.response.body
    return refused.value.response.status_code


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "..%2Fsecret",
        "%2e%2e%2fsecret",
        "..%5Csecret",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "....//secret",
        "secret%00",
        "live_20250106_143000/../../secret",
        "./live_20250106_143000",
        "secret.json",
        "%ff%fe",
        "x" * 5_000,
    ],
)
def test_t49_a_name_is_looked_up_and_never_joined_to_a_path(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "sessions"
    inside.mkdir()
    for place in (tmp_path / "secret.json", tmp_path / "secret", inside / "secret.json", inside / "secret"):
        place.write_text("the secret is 4711")
    Growing(inside).write(50)
    with served(inside) as server:
        for path in (f"/api/session?file={name}", f"/api/metrics?file={name}", f"/static/{name}", f"/{name}"):
            told = server.ask(path)
            assert told.status in (400, 404), path
            assert b"4711" not in told.body
            assert b"root:" not in told.body
        with server.watch(name) as page:
            assert "4711" not in Reader(page).until("problem")["text"]


@pytest.mark.parametrize("path", [*PLAIN, "/static/theme.css", "/static/none", "/none", "/api/session?file=none"])
def test_everything_goes_out_with_the_strict_headers_and_to_no_other_page(server: Served, path: str) -> None:
    for told in (server.ask(path), server.ask(path, origin="http://evil.example")):
        assert told.headers["content-security-policy"] == POLICY
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["referrer-policy"] == "no-referrer"
        assert not [name for name in told.headers if name.startswith("access-control-")]
        if path.startswith("/api/"):
            assert told.headers["cache-control"] == "no-store"


def test_policy_lets_nothing_run_and_nothing_come_but_from_here() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "http" not in POLICY
    assert "unsafe-eval" not in POLICY
    assert "unsafe-inline" not in rules["script-src"]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8888", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.7", "", "a b"],
)
def test_name_that_is_not_this_machines_is_refused(server: Served, host: str) -> None:
    told = server.ask("/api/sessions", host=host)
    assert told.status in (400, 403)
    assert b"live_" not in told.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1:1", "127.1.2.3", "[::1]:8888"])
def test_names_of_this_machine_are_taken_at_any_port(server: Served, host: str) -> None:
    assert server.ask("/api/sessions", host=host).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1", "http://[", ""]
)
def test_page_from_elsewhere_gets_no_websocket(server: Served, origin: str) -> None:
    assert refusal(server, origin=origin) == 403


def test_own_page_gets_its_websocket(server: Served) -> None:
    with server.watch(origin=server.address) as page:
        Reader(page).until("session")


def test_script_in_a_symbol_and_a_reason_stays_text(tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    growing.write()
    data = growing.path.read_bytes()
    assert b"Momentum Signal" in data
    growing.path.write_bytes(data.replace(b"BTC-USD", SYMBOL.encode()).replace(b"Momentum Signal", REASON.encode()))
    with served(tmp_path) as server:
        for path in (
            "/api/session",
            "/api/metrics",
            "/api/sessions",
            "/api/session?file=<script>",
            "/static/<b>",
            "/<b>",
        ):
            told = server.ask(path.replace("<", "%3C").replace(">", "%3E"))
            assert told.headers["content-type"] == "application/json"
            assert told.headers["x-content-type-options"] == "nosniff"
        document = server.ask("/api/session").json
        assert SYMBOL in document["symbols"]
        with server.watch() as page:
            reader = Reader(page)
            reader.until("session")
    shown = reader.page.shown
    assert SYMBOL in shown["info"]["symbols"]
    assert SYMBOL in shown["prices"]
    assert SYMBOL in shown["fills"]["symbol"]
    # What would turn the reading round is gone; the rest is the text it was.
    assert "</script><script>alert('&')</script>" in shown["fills"]["reason"]


@pytest.mark.parametrize("path", [path for path in PLAIN if path != "/healthz"])
def test_without_the_token_nothing_is_told(locked: Served, path: str) -> None:
    wrong: list[Answer] = [
        locked.ask(path),
        locked.ask(path, authorization="Bearer wrong"),
        locked.ask(path, authorization=f"Basic {TOKEN}"),
        locked.ask(path, authorization=f"Bearer {TOKEN}x"),
        locked.ask(path, authorization=f"Bearer {TOKEN[:-1]}"),
        locked.ask(path, authorization="Bearer"),
        locked.ask(path, authorization="Bearer \xff"),
        locked.ask(path, cookie=f"{COOKIE}={TOKEN}"),
        locked.ask(path, cookie=f'{COOKIE}="\\'),
        locked.ask(f"{path}?token=wrong"),
        locked.ask(f"{path}?{'&'.join(['token=x'] * 99)}"),
    ]
    for told in wrong:
        assert told.status == 401
        assert told.headers["www-authenticate"] == "Bearer"
        assert b"token" in told.body
        assert TOKEN.encode() not in told.body
        assert "set-cookie" not in told.headers
    assert locked.ask("/healthz").status == 200


def test_with_the_token_in_a_header_it_is_told(locked: Served) -> None:
    assert locked.ask("/api/sessions", authorization=f"Bearer {TOKEN}").status == 200
    assert locked.ask("/api/sessions", authorization=f"bearer  {TOKEN} ", host="cockpit.example:8888").status == 200


def test_link_sets_a_strict_cookie_that_is_not_the_token_and_leaves_the_address_bar(locked: Served) -> None:
    entered = locked.ask(f"/?token={TOKEN}")
    assert entered.status == 200
    assert b'http-equiv="refresh" content="0;url=/"' in entered.body
    cookie = entered.headers["set-cookie"]
    assert TOKEN not in cookie
    assert {part.strip().lower() for part in cookie.split(";")[1:]} >= {"httponly", "path=/", "samesite=strict"}
    given = cookie.partition(";")[0]
    assert locked.ask("/api/sessions", cookie=given).status == 200
    assert locked.ask("/api/sessions", cookie=given[:-1]).status == 401


def test_a_link_to_anything_but_the_page_is_no_way_in(locked: Served) -> None:
    assert locked.ask(f"/api/sessions?token={TOKEN}").status == 401
    assert locked.ask(f"/?token={TOKEN}", "POST").status in (401, 405)


def test_websocket_asks_for_the_token_too(locked: Served) -> None:
    assert refusal(locked) == 401
    assert refusal(locked, authorization="Bearer wrong") == 401
    assert refusal(locked, authorization=f"Bearer {TOKEN}", origin="http://evil.example") == 403
    cookie = locked.ask(f"/?token={TOKEN}").headers["set-cookie"].partition(";")[0]
    for headers in ({"authorization": f"Bearer {TOKEN}"}, {"cookie": cookie, "origin": locked.address}):
        with locked.watch(**headers) as page:
            Reader(page).until("session")


_IMPROPER = {
    "no host": b"GET /api/sessions HTTP/1.1\r\n\r\n",
    "another place": b"GET http://evil.example/api/sessions HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "encrypted": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "two hosts": b"GET /api/sessions HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "too long": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("kind", _IMPROPER)
def test_what_is_no_proper_question_is_refused_and_hurts_nobody(server: Served, kind: str) -> None:
    told = b""
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plug,
        suppress(ConnectionError),  # it may hang up in the middle of what we say
    ):
        plug.sendall(_IMPROPER[kind])
        with suppress(OSError):  # ENOTCONN, which is no ConnectionError, where it has hung up already
            plug.shutdown(socket.SHUT_WR)
        while piece := plug.recv(65_536):
            told += piece
    assert b" 200 " not in told.partition(b"\r\n")[0]
    assert server.ask("/healthz").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LocalHost"])
def test_loopback_needs_no_token_but_asks_for_one_that_is_set(host: str) -> None:
    assert is_loopback(host)
    assert checked_token(host, "", "X") == ""
    assert checked_token(host, TOKEN, "X") == TOKEN


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", "1270.0.0.1"])
def test_any_other_address_is_not_served_without_a_token(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(NotServed, match="set the environment variable DASHBOARD_TOKEN"):
        checked_token(host, "", "DASHBOARD_TOKEN")
    assert checked_token(host, TOKEN, "X") == TOKEN


@pytest.mark.parametrize(
    "token", ["short", "fifteen-letters", "with a space in it", "größenordnung-16", "new\nline-new-line"]
)
def test_token_that_is_too_short_or_no_header_could_carry_is_refused_without_being_told(token: str) -> None:
    with pytest.raises(NotServed, match="16 or more characters") as refused:
        checked_token("127.0.0.1", token, "X")
    assert token not in str(refused.value)


def test_port_in_use_is_told_with_its_number() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotServed, match=f"127.0.0.1:{port} cannot be listened on: Address already in use"):
            listen("127.0.0.1", port)


def test_address_that_is_not_this_machines_is_told() -> None:
    with pytest.raises(NotServed, match="cannot be listened on"):
        listen("203.0.113.7", 0)


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("0.0.0.0", socket.gethostname())]
)
def test_address_is_one_that_a_browser_can_open(host: str, name: str) -> None:
    with listen(host, 0) as listening:
        assert address_of(listening, host) == f"http://{name}:{listening.getsockname()[1]}/"
