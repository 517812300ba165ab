"""Which port a command will listen on, by its words; and which addresses cannot be had twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.addresses import Address, likely_addresses

WORDS = st.lists(st.text(max_size=12), max_size=5)


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("uvicorn app:app --port 8080", [8080]),
        ("uvicorn app:app --host 0.0.0.0 --port=8080", [8080]),
        ("flask --app shop run -p 5001", [5001]),
        ("serve -p5001", [5001]),
        ("gunicorn -b 127.0.0.1:8001 app:app", [8001]),
        ("gunicorn --bind=[::1]:8001 app:app", [8001]),
        ("gunicorn -b :8001 -b :8002 app:app", [8001, 8002]),
        ("node server.js --listen http://localhost:3001", [3001]),
        ("python manage.py runserver 0.0.0.0:9000", [9000]),
        ("python manage.py runserver 9000", [9000]),
        ("python -m http.server 9000 --bind 127.0.0.1", [9000]),
        ("sh -c 'exec python -m http.server 9000'", [9000]),
        # Defaults …
        ("flask --app shop run", [5000]),
        ("python manage.py runserver --noreload", [8000]),
        ("python -m uvicorn app:app", [8000]),
        ("npx vite", [5173]),
        ("npx next dev", [3000]),
        # … and what is no port.
        ("sleep 3000", []),
        ("pytest --base-url http://localhost:8000", []),
        ("curl http://localhost:8000/page", []),
        ("python app.py --broker redis://localhost:6379", []),
        ("python app.py --database-port 5432", []),
        ("python app.py postgres://me@db:5432/shop", []),
        ("python app.py --port 0", []),
        ("python app.py --port 99999", []),
        ("python app.py --port 12345678", []),
        ("python app.py --port many", []),
        ("uvicorn app:app --port 8080.5", [8000]),
        ("python app.py at 12:30:45", []),
    ],
)
def test_the_arguments_of_a_command_name_its_address(command: str, ports: list[int]) -> None:
    assert likely_addresses(command.split(), {}) == tuple(Address("", port) for port in ports)


def test_the_variable_port_names_an_address() -> None:
    assert likely_addresses(["node", "server.js"], {"PORT": "3333"}) == (Address("", 3333),)
    assert likely_addresses(["node", "server.js", "--port", "4444"], {"PORT": "3333"}) == (
        Address("", 4444),
        Address("", 3333),
    )
    assert likely_addresses(["node", "server.js"], {"PORT": "/dev/ttyS0"}) == ()


@pytest.mark.parametrize(
    ("source", "ports"),
    [
        ('app.run(host="127.0.0.1", port=5001)', [5001]),
        ("uvicorn.run(app, port = 8001)", [8001]),
        ("const PORT = process.env.PORT || 3001;\napp.listen(PORT)", [3001]),
        ("server.listen( 3002, () => {})", [3002]),
        ('createServer({ port: 3003, host: "::" })', [3003]),
        ('HTTPServer(("127.0.0.1", 8002), Handler)', [8002]),
        ("make_server('', 8004, app)", [8004]),
        ("asyncio.start_server(answer, 'localhost', port=8005)", [8005]),
        ("sock.bind(('localhost', 8006))", [8006]),
        ('os.environ.get("PORT", 8003)', [8003]),
        ('import uvicorn\nuvicorn.run("app:app")', [8000]),
        ("from flask import Flask\napp = Flask(__name__)\napp.run()", [5000]),
        ("report = 1234\nimport_ = 7\nsupports: 99", []),
        ("psycopg2.connect(host='db', port=5432)", []),
        ("socket.create_connection(('localhost', 6379))", []),
        ("app.run()\nredis.Redis(port=6379)", []),
        ("for run in (1, 2): print(run, 4000)", []),
        ("PORT = 70000\nlisten(port)", []),
    ],
)
def test_the_source_of_a_program_names_an_address_if_its_arguments_do_not(source: str, ports: list[int]) -> None:
    assert likely_addresses(["python", "app.py"], {}, source) == tuple(Address("", port) for port in ports)
    assert likely_addresses(["python", "app.py", "--port", "80"], {}, source) == (Address("", 80),)


@given(st.text(), st.text("port=:|listen(', \"0123456789", max_size=40))
def test_any_source_gives_only_valid_ports(text: str, likely: str) -> None:
    assert all(0 < address.port < 65536 for address in likely_addresses(["app"], {}, text + likely))


@given(WORDS, st.dictionaries(st.sampled_from(["PORT", "OTHER"]), st.text(max_size=8)))
def test_any_arguments_give_only_valid_ports(words: list[str], environment: dict[str, str]) -> None:
    assert all(0 < address.port < 65536 for address in likely_addresses(words, environment))


@pytest.mark.parametrize(
    ("wanted", "pending", "collide"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("127.0.0.1", "::", True),
        ("", "127.0.0.1", True),
        ("0.0.0.0", "192.168.1.5", True),
        ("::", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("127.0.0.1", "192.168.1.5", False),
        ("127.0.0.1", "::1", False),
        ("::1", "fe80::1", False),
    ],
)
def test_addresses_collide_on_a_shared_interface(wanted: str, pending: str, collide: bool) -> None:
    assert Address(wanted, 80).collides_with(Address(pending, 80)) is collide
    assert not Address(wanted, 80).collides_with(Address(pending, 81))
