"""What became of a dispute, read back and proven.

record     the dispute with all it was about, from state or archive
replay     the moves as they stand in blocks, checked by the rules of the game
step       the last step in words, with both claims and the referee's result
chapters   all of it as parts of a story
"""
