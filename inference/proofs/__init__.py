"""What a worker commits to and answers for: traces, seals, receipts and the comparison of a check.

Pure functions and small classes: no files, sockets, clocks or torch.
"""
