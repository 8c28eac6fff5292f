"""The line as devices: camera, magnetometers, encoder, air jets and interlock, real or simulated."""
