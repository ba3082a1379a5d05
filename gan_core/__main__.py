"""`python -m gan_core`: see `gan_core/cli/`."""

import torch

from gan_core.cli import main

if __name__ == "__main__":
    torch.set_num_threads(1)  # before this thread's first operation: the cores are the training thread's
    main(prog_name="python -m gan_core")
