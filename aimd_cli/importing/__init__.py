"""Readers of other trackers' files, without those trackers, and the writer that turns the result into trials.

Values and steps are those of the source; what is not a number (images, histograms, text) is left out and counted.
"""
