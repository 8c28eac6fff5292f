"""From the page's process to the loop's and back: what may be asked of a line that sorts, and the answers."""
