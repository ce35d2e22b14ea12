"""Where raw data comes from, what its columns mean, and which rows train, choose and judge."""
