"""The tests of the tests: wrong backends caught, and false alarms with right ones."""
