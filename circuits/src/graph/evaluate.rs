//! Runs a float graph.
