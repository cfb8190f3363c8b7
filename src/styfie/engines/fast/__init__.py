"""Any style in one pass."""
