"""Groups of commands, which name the nearest command in place of one that there is not."""

import difflib

import click


class SuggestingGroup(click.Group):
    """A group of commands."""

    def resolve_command(self, ctx, args):
        """Find a command; a usage error names those of similar names if there is none."""
        if self.get_command(ctx, args[0]) is None:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx))
            words = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{words}")
        return super().resolve_command(ctx, args)
