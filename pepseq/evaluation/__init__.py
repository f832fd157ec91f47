"""From truth and result to tables and figures."""
