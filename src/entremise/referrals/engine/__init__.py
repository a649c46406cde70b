"""The directory in plain Python: files read, records checked, hours understood, answers ranked."""
