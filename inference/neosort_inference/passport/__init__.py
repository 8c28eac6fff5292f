"""A lot's passport: what was in it, what was taken out, how sure that is; signed, and the forms it takes."""
