"""One folder per subject; a module calls only the modules below it."""
