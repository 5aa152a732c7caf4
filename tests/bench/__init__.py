"""Measurements of the running product, each beside a limit measured in the same run; `./dev bench` prints them."""
