"""`python -m neosort_training`: what torchrun's `-m` starts."""

from neosort_training.cli import main

main()
