"""The parts of the Compare screen: what is chosen, what is drawn of it, and what can be done with a run."""
