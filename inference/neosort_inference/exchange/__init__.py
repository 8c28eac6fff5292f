"""Another bundle, recipe or calibration while the belt runs: made ready beside the line, exchanged between windows."""
