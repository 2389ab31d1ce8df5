"""What crosses between workers, gateways and checkers: plain bytes in bounded frames, never an object."""
