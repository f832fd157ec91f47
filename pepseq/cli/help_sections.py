"""Help of a command: an example, and its options in sections."""

from collections.abc import Sequence
from difflib import get_close_matches

import click

MAIN, OTHER, RUN = "Main options", "Options", "Running"
_SECTIONS = {
    "Errors of the reads": "missed_label misread lost_cycle extra_cycle confusion noise errors "
    "error_scale edman_failure detach bleach dud cyclic_block initial_block initial_detach "
    "initial_detach_decay",
    "Digestion": "protease missed_cleavages missed_cleavage_rate min_length max_length cycles",
    "Network": "model offline mode window overlap batch_residues device precision teacher "
    "teacher_weight lora gradient_checkpointing save_precision",
    RUN: "threads shard part_residues searches seed resume dry_run connections server timeout "
    "time_limit keep_going force "
    "help _click_default_help",
}
_SECTION_OF = {name: title for title, names in _SECTIONS.items() for name in names.split()}


class Command(click.Command):
    """A command whose help has an example, and its options in sections, those of `main` first.

    `main` has the names of parameters.
    """

    def __init__(self, *args, example: str = "", main: Sequence[str] = ("output",), **more):
        super().__init__(*args, **more)
        self.example, self.main_options = example, main

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example and the options."""
        if self.example:
            with formatter.section("Example"):
                formatter.write(f"  {self.example}\n")  # not wrapped: it may be copied
        for title, options in self.option_sections(ctx).items():
            records = [record for o in options if (record := o.get_help_record(ctx)) is not None]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def option_sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """Return the options of each section that has any, in the order of the help."""
        sections: dict[str, list[click.Option]] = {MAIN: [], OTHER: []}
        sections |= {title: [] for title in _SECTIONS}
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        for option in sorted(options, key=self._rank):
            name = option.name or ""
            is_main = name in self.main_options
            sections[MAIN if is_main else _SECTION_OF.get(name, OTHER)].append(option)
        return {title: options for title, options in sections.items() if options}

    def _rank(self, option: click.Parameter) -> int:
        """Return the place of a main option; the others keep their order after them."""
        name = option.name or ""
        main = self.main_options
        return main.index(name) if name in main else len(main)


class Group(click.Group):
    """A group of `Command`s that suggests the nearest names if a command is not found."""

    command_class = Command

    def resolve_command(self, ctx, args):
        """Find a command; a usage error lists similar names if there is none."""
        if self.get_command(ctx, args[0]) is None:
            near = get_close_matches(args[0], self.list_commands(ctx))
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
