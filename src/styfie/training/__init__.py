"""How the networks that ship are trained, and how to train others."""
