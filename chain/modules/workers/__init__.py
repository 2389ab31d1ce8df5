"""Workers: keys, bonds, enrolments."""
