"""The command line behind ./taquilla: one module for each command or group of commands.

What is broken is one message on standard error: exit code 2 for a wrong setting (another try would
fail as well), 1 for everything else.
"""
