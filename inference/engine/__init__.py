"""From tokens or rows to rows, logits and tokens on this machine."""
