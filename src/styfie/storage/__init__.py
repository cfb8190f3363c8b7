"""What is written and read: paintings, results, sheets, recipes, and the state of a run."""
