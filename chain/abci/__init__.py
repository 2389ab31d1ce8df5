"""The socket to CometBFT: frames, protobuf and their translation into the application's own types."""
