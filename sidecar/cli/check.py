"""`sidecar check`: every problem of a configuration at once, with its place and its remedy."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from sidecar.cli.configuration import COULD_NOT_READ, config_option, load_now
from sidecar.settings.problem import Problem, Severity
from sidecar.store.file import Loaded


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check(config: tuple[Path, ...], as_json: bool) -> None:
    """Check a configuration and tell every problem.

    Exit code 0 if there are no errors (warnings don't count), 1 if there are, 3 if a file can't be opened.
    """
    loaded = load_now(config)
    errors = sum(problem.severity is Severity.ERROR for problem in loaded.problems)
    if as_json:
        click.echo(json.dumps(_report(loaded, errors), ensure_ascii=False, indent=2))
    else:
        print_problems(loaded.problems)
        click.echo(_summary(loaded, errors))
    if not all(_opens(path) for path in config):
        raise SystemExit(COULD_NOT_READ)
    raise SystemExit(1 if errors else 0)


def _report(loaded: Loaded, errors: int) -> dict[str, object]:
    return {
        "ok": not errors,
        "loads": loaded.snapshot is not None,
        "version": loaded.snapshot.policy.version if loaded.snapshot else None,
        "errors": errors,
        "warnings": len(loaded.problems) - errors,
        "problems": [asdict(problem) for problem in loaded.problems],
    }


def print_problems(problems: Sequence[Problem]) -> None:
    """Each with its place and its remedy."""
    for problem in problems:
        style = "red" if problem.severity is Severity.ERROR else "yellow"
        click.echo(f"{problem.place}: {click.style(problem.severity.value, fg=style, bold=True)}: {problem.statement}")
        if problem.remedy:
            click.echo(f"    {problem.remedy}")


def _summary(loaded: Loaded, errors: int) -> str:
    warnings = len(loaded.problems) - errors
    counts = f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
    if loaded.snapshot is None:
        return f"{counts}: this configuration does not load"
    policy = loaded.snapshot.policy
    content = f"app connectors: {len(policy.app_connectors)}"
    if loaded.snapshot.revision is None:
        content += f", users: {len(policy.users)}, tokens: {len(policy.tokens)}"
    else:
        content += "; users and tokens are looked up in the database, and are not checked here"
    return f"{counts}; policy {policy.version}: {content}"


def _opens(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
