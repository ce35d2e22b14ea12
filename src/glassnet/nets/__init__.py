"""Networks: the closed schema of them (``spec``), planned (``dense``), built as torch modules (``build``).

Only ``build`` imports torch.
"""
