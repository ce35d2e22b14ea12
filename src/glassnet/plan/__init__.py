"""What a run decides for itself, one plan for each kind of model."""
