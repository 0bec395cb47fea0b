#!/usr/bin/env python3
"""Writes src/enrich/bots.txt anew from the npm package crawler-user-agents.

    npm pack crawler-user-agents && tar xzf crawler-user-agents-*.tgz
    tools/bots.py package > src/enrich/bots.txt

The package's patterns are regular expressions. A pattern that stands for a few literals becomes those literals; any other is
left out and named on stderr, with the agents of the package that nothing in the list recognises then.
"""

import itertools
import json
import pathlib
import re
import sys

# Patterns that have a literal which says the same, or says it without meaning people too.
INSTEAD = {
    r"AdsBot-Google([^-]|$)": r"AdsBot-Google",
    r"BlogTraffic\/\d\.\d+ Feed-Fetcher": r"BlogTraffic\/",
    r"SSL Labs$": r"SSL Labs",
    r"GoogleAssociationService$": r"GoogleAssociationService",
    r"Butterfly": r"Butterfly\/",  # HTC Butterfly, a phone
    r"Expanse": r"Expanse, a Palo Alto",  # a phone too
    r"Fever": r"Fever\/",  # Wiko Fever, a phone
    r"Sogou": r"Sogou (web|Pic|News|inst|Orion) [sS]pider",  # Sogou's browsers
    r"Sonic": r"(Sonic|RankSonicSiteAuditor)\/",  # Cherry Sonic, a phone
    r"Viber": r"^Viber",  # pages shown inside the app
    r"WhatsApp": r"^WhatsApp",
}

# Patterns that stand in the user agents of people, and why.
PEOPLE = {
    r"AP3A\.240617\.008": "a build of Android",
    r"Amazon CloudFront": "CloudFront puts it in place of every visitor's own",
    r"Code\/1\.": "pages shown inside an editor",
    r"Fluid": "a browser",
    r"MetaIAB Facebook": "pages shown inside an app",
}

# Libraries and robots that the package lacks.
MORE = [r"^Java\/", r"^Ruby", r"^Dart\/", r"^undici", r"^node", r"GuzzleHttp\/", r"Prerender"]

HEAD = """\
# Bots that declare themselves: a literal, a tab, the name that statistics show.
# A literal is found anywhere in a user agent (behind ^: only at its beginning), case counts, and where it begins with a
# letter or digit no letter or digit may stand before it.
#
# Written by tools/bots.py from the npm package crawler-user-agents {version}; change it there.
# Patterns that stand for a few literals were turned into those, {left} others left out. {people} were left out because they
# stand in the user agents of people, and others made narrower; the script says which, and why. It adds {more} of its own.
#
# The package's licence:
#
"""

FLAT = re.compile(r"\\([^a-zA-Z0-9])|\[((?:[^\]\\^-])+)\]|\(((?:[^()\[\]\\|^$]*\|?)+)\)|([^\\\[\](){}*+?.^$|])")


def literals(pattern):
    """The strings that a pattern stands for, or None where they are no short list."""
    found = []
    for branch in re.split(r"\|(?![^(]*\))", pattern):
        branch = branch.removeprefix("(^| )")
        start = "^" if branch.startswith("^") else ""
        branch, parts, at = branch.removeprefix("^"), [], 0
        while at < len(branch):
            match = FLAT.match(branch, at)
            if not match:
                return None
            escaped, chars, words, plain = match.groups()
            parts.append(words.split("|") if words is not None else list(chars or escaped or plain))
            at = match.end()
        found += [start + "".join(choice) for choice in itertools.product(*parts)]
    return sorted(found)


def name(literal):
    """What people read: the literal without marks around it."""
    plain = literal.strip("^ /\\(;)").removeprefix("https://")
    return re.sub(r" \(http.*", "", plain)


def spellings(literals, agents):
    """For each literal the one of those that differ in case alone which most agents have."""
    often = sorted(literals, key=lambda literal: -sum(bool(found(literal, agent)) for agent in agents))
    return {literal: next(other for other in often if other.lower() == literal.lower()) for literal in literals}


def found(literal, agent):
    if literal.startswith("^"):
        return agent.startswith(literal[1:])
    word = r"(?<![A-Za-z0-9])" if literal[0].isalnum() else ""
    return re.search(word + re.escape(literal), agent)


def main():
    package = pathlib.Path(sys.argv[1])
    entries = json.loads((package / "crawler-user-agents.json").read_text())
    version = json.loads((package / "package.json").read_text())["version"]
    patterns = [(entry["pattern"], entry["instances"]) for entry in entries if entry["pattern"] not in PEOPLE]
    lines, left = {}, []
    for pattern, agents in patterns + [(pattern, []) for pattern in MORE]:
        listed = literals(INSTEAD.get(pattern, pattern))
        if listed is None:
            left.append(pattern)
        for literal, spelling in spellings(listed or [], agents).items():
            lines.setdefault(literal, name(spelling))
    licence = "".join(f"# {line}".rstrip() + "\n" for line in (package / "LICENSE").read_text().splitlines())
    sys.stdout.write(HEAD.format(version=version, left=len(left), people=len(PEOPLE), more=len(MORE)) + licence)
    sys.stdout.writelines(f"{literal}\t{lines[literal]}\n" for literal in sorted(lines))
    print("left out:", *left, sep="\n  ", file=sys.stderr)
    agents = [agent for entry in entries for agent in entry["instances"]]
    missed = [agent for agent in agents if not any(found(literal, agent) for literal in lines)]
    print(f"{len(lines)} literals; not recognised by them ({len(missed)} of {len(agents)}):", *missed, sep="\n  ", file=sys.stderr)


if __name__ == "__main__":
    main()
