"""Pictures in a terminal: what it can show is asked of it, never guessed, and what it cannot show is drawn in blocks.

`ability.ask` says how the terminal takes pictures, `reading.picture_of` reads a file, and `drawing.Drawing` is what a
view puts on the screen. All but `ability` is pure.
"""
