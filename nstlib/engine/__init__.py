"""Long and large runs: levels, resuming, strips of rows, memory. What they compute is what the ground floor says."""
