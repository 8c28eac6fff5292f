"""Path-traces the catalogue's models into the atlas of sprites that the twin's camera is composed of.

A solid's parts become one mesh with one texture (`packing`), stand under a dome of light (`dome`) before the tracer
(`scene`, `trace`), are cleaned of grain (`denoise`), and turned into the atlas' layers (`layers`), packs and index
(`atlas_writer`); `build` does so for the whole catalogue. Mitsuba and Open Image Denoise come with the extra `render`
and are imported where they are used.
"""
