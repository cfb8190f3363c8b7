"""The interface, version 1: each route asks the studio and shows the answer."""
