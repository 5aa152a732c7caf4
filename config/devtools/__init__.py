"""What `./dev` runs: installing, starting, testing. Nothing here is part of the product."""
