#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""lint.py SRCDIR [BUILDDIR] - rules of the tree that no compiler checks; prints TAP.

Each rule is a function that yields complaints as "file:line: text".
Lines that start with "# note" are reported and do not fail.
"""
import os
import re
import shutil
import subprocess
import sys

SRC = sys.argv[1]
BUILD = sys.argv[2] if len(sys.argv) > 2 else None

# Who may include whose headers: the arrows of doc/architecture.md.
ARROWS = {
    "plat": {"plat"},
    "libiova": {"libiova", "plat"},
    "libpgtbl": {"libpgtbl", "plat"},
    "libvtd": {"libvtd", "libpgtbl", "plat"},
    "libdma": {"libdma", "libiova", "libpgtbl", "plat"},
}
CORE = [d for d in ARROWS if d != "plat"]
# The parts of plat that belong to one world and may use its headers.
WORLDS = ("plat/user/", "plat/jemalloc/")

# Names that <linux/iova.h> owns; our objects are linked beside it.
LINUX_IOVA = re.compile(
    r"^(iova|iova_domain|iova_magazine|iova_size|iova_shift|iova_mask|iova_offset|iova_align"
    r"|iova_pfn|iova_cache_get|iova_cache_put|iova_domain_.*|alloc_iova.*|free_iova.*|__free_iova"
    r"|reserve_iova|find_iova|init_iova_domain|put_iova_domain|init_iova_flush_queue)$")

SOURCE = (".c", ".h", ".cc", ".py", ".sh")
TEXT = SOURCE + (".mk", ".am", ".ac", ".in", ".m4", ".awk", ".supp")
NO_SPDX = (".pc.in",)


def files():
    """Paths relative to SRC: what git tracks, or what a release tarball holds."""
    if shutil.which("git"):
        git = subprocess.run(["git", "-C", SRC, "ls-files"], capture_output=True, text=True)
        if git.returncode == 0 and git.stdout:
            return [f for f in git.stdout.splitlines() if os.path.isfile(os.path.join(SRC, f))]
    found = []
    skip = {"build-aux", "autom4te.cache", ".git", "m4", "_build", "_inst", "bench-build",
            "bench-report", "check-build", "qemu-build"}
    generated = {"configure", "Makefile.in", "aclocal.m4", "config.h.in"}
    for top, dirs, names in os.walk(SRC):
        dirs[:] = [d for d in dirs if d not in skip]
        for name in names:
            if name not in generated:
                found.append(os.path.relpath(os.path.join(top, name), SRC))
    return sorted(found)


FILES = files()


def lines(path):
    with open(os.path.join(SRC, path), encoding="utf-8") as f:
        return list(enumerate(f.read().splitlines(), 1))


def under(*dirs, ext=(".c", ".h")):
    return [f for f in FILES if f.split("/")[0] in dirs and f.endswith(ext)]


def arrows():
    home = {}
    for f in under(*ARROWS):
        home.setdefault(os.path.basename(f), set()).add(f.split("/")[0])
    for f in under(*ARROWS):
        top = f.split("/")[0]
        for n, text in lines(f):
            m = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', text)
            if not m:
                continue
            kind, name = m.groups()
            if kind == "<":
                if not f.startswith(WORLDS):
                    yield f"{f}:{n}: system header <{name}>"
                continue
            if name.startswith("/") or (".." in name and top not in name and
                                        not name.startswith("../")):
                yield f"{f}:{n}: path in include: {name}"
            homes = home.get(os.path.basename(name))
            if not homes:
                yield f"{f}:{n}: nobody's header: {name}"
            elif not homes & ARROWS[top]:
                yield f"{f}:{n}: {top} may not include {name} of {'/'.join(sorted(homes))}"


def one_source():
    for f in under(*CORE):
        for n, text in lines(f):
            if re.search(r"\b(__KERNEL__|__linux__|_WIN32)\b", text):
                yield f"{f}:{n}: the core does not ask where it runs: {text.strip()}"


def spdx():
    for f in FILES:
        if f.endswith(TEXT) and not f.endswith(NO_SPDX) and not f.endswith(".mk"):
            head = [text for _, text in lines(f)[:3]]
            if not any("SPDX-License-Identifier: GPL-2.0-only OR MIT" in t for t in head):
                yield f"{f}:1: no SPDX line"


def paths():
    pattern = re.compile(r"(/(?:work|root)/|/home/[a-z]|(?<![-:{\w}])/tmp/(?!.*XXXXXX)\w)")
    for f in FILES:
        if f.endswith(TEXT + (".md",)) and f != "tests/lint/lint.py":
            for n, text in lines(f):
                m = pattern.search(text)
                if m and not (f.endswith(".md") and m.group().startswith("/tmp/")):
                    yield f"{f}:{n}: a place on one machine: {text.strip()}"


def unfinished():
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|stub)\b", re.I)
    for f in FILES:
        if f.endswith((".c", ".h", ".cc")):
            for n, text in lines(f):
                if pattern.search(text):
                    yield f"{f}:{n}: unfinished: {text.strip()}"


def length():
    for f in FILES:
        if f.endswith(SOURCE):
            count = len(lines(f))
            if count > 500:
                yield f"# note {f}:1: {count} lines; 500 are enough for one job"


def functions():
    for f in FILES:
        if not f.endswith((".c", ".h", ".cc")):
            continue
        start = None
        for n, text in lines(f):
            if text.startswith("{"):
                start = n
            elif text.startswith("}") and start:
                if n - start - 1 > 70:
                    yield f"# note {f}:{start}: function of {n - start - 1} lines"
                start = None


def style():
    for f in FILES:
        if f.endswith((".c", ".h", ".cc")):
            for n, text in lines(f):
                width = len(text.expandtabs(8))
                if width > 100:
                    yield f"# note {f}:{n}: {width} columns"
                if text != text.rstrip():
                    yield f"{f}:{n}: trailing space"


LABEL = re.compile(r"\b[A-Z]{2,5}-[A-Z]+[0-9]+[a-z]?\b")


def label_families(docs):
    """Prefixes (PGT, IOVA, ...) that some doc/ordering*.md gives a table to."""
    return {label.split("-")[0] for label in docs}


def labels():
    docs = {}
    for f in FILES:
        if not re.match(r"doc/ordering[^/]*\.md$", f):
            continue
        for n, text in lines(f):
            cells = [c.strip(" `") for c in text.strip().strip("|").split("|")]
            if text.startswith("|") and LABEL.fullmatch(cells[0]):
                if cells[0] in docs:
                    yield f"{f}:{n}: {cells[0]} is listed twice"
                partners = LABEL.findall(cells[3]) if len(cells) > 3 else []
                docs[cells[0]] = (f, n, partners)
    used = {}
    for f in under("plat", "kernel-shim", *CORE):
        for n, text in lines(f):
            for label in LABEL.findall(text):
                used.setdefault(label, f"{f}:{n}")
    families = label_families(docs)
    for label, where in sorted(used.items()):
        if label.split("-")[0] in families and label not in docs:
            yield f"{where}: {label} is in no doc/ordering*.md"
    for label, (f, n, partners) in sorted(docs.items()):
        if label not in used:
            yield f"{f}:{n}: {label} is in no source"
        for partner in partners:
            if partner not in docs:
                yield f"{f}:{n}: partner {partner} of {label} is not listed"


ATOMIC = re.compile(r"\bplat_(?:load|store|cas|xchg|fetch|percpu_cas|fence_cpus|mb)\w*\s*\(")
# Where every atomic is labelled: the folders of the core.
LABELLED = ["libdma", "libiova", "libpgtbl", "libvtd"]


def code_and_comments(path):
    """Each line as (code, comment)."""
    inside = False
    for _, text in lines(path):
        code, comment = "", ""
        for part in re.split(r"(/\*|\*/)", text):
            if part in ("/*", "*/"):
                inside = part == "/*"
                comment += "*"  # so that a line with nothing else is one of a comment
            elif inside:
                comment += part
            else:
                code += part
        yield code.strip(), comment.strip()


def remarks(rows, i):
    """The comments that belong to the statement in row i: within it, or right above it."""
    first = last = i
    while first and rows[first - 1][0] and not re.search(r"[;{}:]$", rows[first - 1][0]):
        first -= 1
    while last < len(rows) - 1 and not re.search(r"[;{}]$", rows[last][0]):
        last += 1
    said = [comment for _, comment in rows[first:last + 1]]
    above = first - 1
    while above >= 0 and ATOMIC.search(rows[above][0]) and rows[above][0].endswith(";"):
        said.append(rows[above][1])  # of several in a row the first may speak for all
        above -= 1
    while above >= 0 and not rows[above][0] and rows[above][1]:
        said.append(rows[above][1])
        above -= 1
    return " ".join(said).strip(" *")


def atomics():
    for f in under(*LABELLED):
        rows = list(code_and_comments(f))
        for i, (code, _) in enumerate(rows):
            found = ATOMIC.findall(code)
            if not found:
                continue
            said = remarks(rows, i)
            relaxed = all("relaxed" in op for op in found)
            if not LABEL.search(said) and not (relaxed and said):
                yield f"{f}:{i + 1}: an atomic without a label or a reason: {code}"


def map_names(path):
    body = re.sub(r"/\*.*?\*/", "", "\n".join(t for _, t in lines(path)), flags=re.S)
    part = re.search(r"global:(.*?)(local:|})", body, re.S)
    return {s.strip() for s in part.group(1).split(";") if s.strip()} if part else set()


def symbols():
    if not BUILD:
        return
    nm = os.environ.get("NM", "nm").split()
    for f in FILES:
        if not f.endswith(".map"):
            continue
        name = os.path.basename(f)[:-4]
        so = os.path.join(BUILD, os.path.dirname(f), ".libs", name + ".so")
        if not os.path.exists(so):
            if name != "libiova-jemalloc":
                yield f"{f}:1: {name}.so is not built"
            continue
        out = subprocess.run(nm + ["-D", "--defined-only", so], capture_output=True, text=True,
                             check=True).stdout
        rows = [r.split() for r in out.splitlines()]
        public = {r[-1].split("@")[0] for r in rows if r[-2] != "A"}
        allowed = map_names(f)
        exact = {a for a in allowed if "*" not in a}
        globs = [re.compile(a.replace("*", ".*") + "$") for a in allowed if "*" in a]
        for s in sorted(public):
            if s not in exact and not any(g.match(s) for g in globs):
                yield f"{f}:1: {s} is public and not in the version script"
            if LINUX_IOVA.match(s):
                yield f"{f}:1: {s} belongs to <linux/iova.h>"
        for s in sorted(exact - public):
            yield f"{f}:1: {s} does not exist"


def examples():
    """A C block after "<!-- lint: FILE -->" stands in that file, word for word."""
    for f in FILES:
        if not f.endswith(".md"):
            continue
        text = "\n".join(t for _, t in lines(f))
        for name, block in re.findall(r"<!-- lint: (\S+) -->\n```c\n(.*?)```", text, re.S):
            with open(os.path.join(SRC, name), encoding="utf-8") as source:
                if block not in source.read():
                    yield f"{f}:1: the example differs from {name}"


def links():
    for f in FILES:
        if not f.endswith(".md"):
            continue
        for n, text in lines(f):
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
                path = os.path.join(SRC, os.path.dirname(f), target)
                if "://" not in target and not os.path.exists(path):
                    yield f"{f}:{n}: link to nothing: {target}"


RULES = [
    (arrows, "includes follow the arrows; no system header in the core"),
    (one_source, "the core does not ask where it runs"),
    (spdx, "every file names its licence"),
    (paths, "no path of one machine"),
    (unfinished, "nothing marked unfinished"),
    (length, "files of at most 500 lines"),
    (functions, "functions over 70 lines (reported only)"),
    (style, "100 columns, no trailing space"),
    (labels, "atomics' labels agree with doc/ordering*.md"),
    (atomics, "every atomic has a label, or its reason to be relaxed"),
    (examples, "examples in documents are those that are compiled"),
    (links, "links in documents lead somewhere"),
    (symbols, "public symbols are those of the version scripts"),
]


def main():
    print(f"1..{len(RULES)}")
    failed = 0
    for i, (rule, title) in enumerate(RULES, 1):
        complaints = list(rule())
        for c in complaints:
            print(c if c.startswith("#") else f"# {c}")
        bad = any(not c.startswith("# note") for c in complaints)
        failed += bad
        print(f"{'not ' if bad else ''}ok {i} - {title}")
    return 1 if failed else 0


sys.exit(main())
