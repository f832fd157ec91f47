"""The libraries that base models and training need, which are an optional part of pepseq."""

import importlib.util

from pepseq.errors import SettingsError

LIBRARIES = ("torch", "transformers", "accelerate")
EXTRA = "pip install 'pepseq[models]'"


def missing_libraries() -> list[str]:
    """Return those of LIBRARIES that are not installed."""
    return [name for name in LIBRARIES if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # an installation that is blocked or broken
        return False


def require_libraries(purpose: str) -> None:
    """Raise SettingsError, with the command that installs them, if one of LIBRARIES is missing."""
    if missing := missing_libraries():
        raise SettingsError(missing_message(purpose, missing[0]))


def missing_message(purpose: str, library: str) -> str:
    """Return what is missing for a purpose, and the command that installs it."""
    return f"{purpose}: needs {library}, which is not installed: {EXTRA}"
