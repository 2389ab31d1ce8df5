"""The node's gRPC server: queries over committed state, transactions in, blocks out."""
