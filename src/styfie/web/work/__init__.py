"""What the workers do with the library: each function takes a line to the server, plain values, and answers such."""
