"""The commands of `mx2torch`: each module has HELP, add_arguments and run."""
