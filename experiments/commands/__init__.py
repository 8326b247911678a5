"""The command line: `lockstep list`, `lockstep run`, `lockstep compare`."""
