"""GAN Workbench without a browser: data, networks, games, training, runs on disk."""

import os

# PyTorch's threads wait for each other at the end of every operation. By default they spin while they wait, which on a
# machine with other work (the browser that shows the curves) makes each wait for a slice of a core: measured 3 to 10
# times fewer images a second beside two busy processes on 2 cores. Read once, when PyTorch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
