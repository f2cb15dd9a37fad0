"""Whether our quality signals decide as datatrove's filters do; `datatrove_agreement.py` is the command."""
