"""What people keep and change at a line, each part a plain class: shared by the interface's routes and the pages.

Every change is asked of the loop first where the line runs by it, then kept, then noted in the trail. A refusal is a
`RefusedError`, and nothing has changed then.
"""
