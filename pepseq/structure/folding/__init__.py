"""Structure prediction by ESMFold, ColabFold or any program."""
