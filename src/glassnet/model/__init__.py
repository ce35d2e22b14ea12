"""A model for each kind of data, with the manifest of its file: raw data in, answers in the user's units out.

Modules are imported one by one, so that a bag of words loads without torch.
"""
