"""GAN Workbench without a browser: data, networks, games, training, runs on disk."""
