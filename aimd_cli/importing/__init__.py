"""Readers of other trackers' files, without those trackers, and the writer that makes trials of what they read.

Promise: values and steps are those of the source; what is no number (images, histograms, text) is left out and counted.
"""
