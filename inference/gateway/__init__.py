"""An OpenAI-compatible front to the network: plain HTTP in, jobs on the chain out. Holds no tensors."""
