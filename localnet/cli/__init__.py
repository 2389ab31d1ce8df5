"""The `ostraka` command: run a local network, work for one, ask one."""
