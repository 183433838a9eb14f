"""`python -m ecomdata` is the `ecomdata` command."""

from ecomdata.cli import main

main()
