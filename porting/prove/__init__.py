"""`mx2torch prove`: run an MXNet program and its port on the same numbers and compare them."""
