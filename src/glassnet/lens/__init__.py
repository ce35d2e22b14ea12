"""Looking into a model: Views are plain data; ``draw`` turns them into figures."""
