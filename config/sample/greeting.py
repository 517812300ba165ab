"""What the page says."""


def greeting() -> str:
    return "Hello from reloader"
