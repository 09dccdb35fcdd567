"""
Ways to be wrong, each a small class at a seam, switched on by name. The healthy code knows none of them.

To add one: derive from the seam's class in one of the modules here, override one method, and give it an `id`, the
`seam` it stands at, the requirements it breaks (`caught_by`) and the `dialects` in which it shows. Its docstring's
first line is what `threadgauge list --defects` says.

Where it would make no difference in a dialect of its own list, `equivalent` gives that dialect and the reason.
"""
