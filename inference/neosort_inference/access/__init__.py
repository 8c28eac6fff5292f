"""Who may do what: accounts, tokens, sessions, roles, and the trail of what they changed.

argon2-cffi hashes passwords (argon2id, the parameters of RFC 9106); SQLite keeps accounts. Imported by the page's
process and by `neosort account` and `neosort token`, never by the loop.
"""
