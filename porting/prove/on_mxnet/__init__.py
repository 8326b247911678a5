"""MXNet's boundary: where it draws numbers, reads data, trains and shows values."""
