"""`python -m perfrules.cli`: the command line where its script is not on the path."""

from perfrules.cli import main

main()
