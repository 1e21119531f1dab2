"""Writers of other trackers' files, without those trackers: a trial becomes a run that their own programs read."""
