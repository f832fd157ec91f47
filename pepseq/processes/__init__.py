"""Processes and signals: other programs, process groups, SIGTERM and Ctrl-C."""
