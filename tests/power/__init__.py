"""Power cuts: what the program's system calls could leave on a disk, and what the program makes of it."""
