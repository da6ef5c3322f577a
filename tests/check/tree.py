"""Which files the checks look at: sources of the tree, without build folders, the guest's root and the like."""
import os
import pathlib

SKIP = {".git", "run", "work", "__pycache__"}


def files(root, suffixes, tops=("src", "tests", "include", "examples", "bench")):
    """Sorted paths below root/TOP for each of tops ("." for all) that end in one of suffixes ("" for all)."""
    found = []
    for top in tops:
        for folder, names, here in os.walk(pathlib.Path(root) / top):
            names[:] = [n for n in names if n not in SKIP and not n.startswith("build")]
            found += [pathlib.Path(folder) / f for f in here if f not in SKIP and f.endswith(tuple(suffixes))]
    return sorted(p for p in set(found) if p.is_file() and not p.is_symlink())
