"""The engine: what runs the steps of training, for any ``nn.Module`` on rows in memory."""
