"""Names of files and folders that tell nothing of a patient (pure: no Django).

A part of a path is neutral if it is made of the words below, each with a counter as scanners, media
and exports write it (``IM0001``, ``SE000003``, ``1-07``): at most three digits in all, leading
zeros aside. Everything else may be a name.
"""

import re

HIDDEN = "…"
MOST_DIGITS = 3
WORDS = re.compile(
    "a|ct|dicom|dicomdir|dcm|images?|img|im|ima|i|se|ser|series|slices?|st|study|studies|pa|pat|"
    "patients?|cases?|cohort|uploads?|exports?|batch|part|zip|nii|gz|nrrd|seg|masks?|nodes?|lymph|"
    "ln|labels?|map|stations?|levels?|left|right|structures?|rtstruct|rs|segmentations?|csv|json|"
    "txt|xml|pdf|db|ini|thumbs|readme|empty|letter|report|data|files?|folder",
    re.IGNORECASE,
)
NEUTRAL = re.compile(f"(?:{WORDS.pattern})?[0-9]*", re.IGNORECASE)
BETWEEN = re.compile(r"[\s._\-()]+")
QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)")
TELLING = re.compile(r"[/\\_^@]|\d{4}|\w\.\w|[^\W\d]\d{2}")


def is_neutral(part: str) -> bool:
    """Say whether one part of a path tells nothing of a patient."""
    counters = re.findall(r"[0-9]+", part)
    digits = sum(len(counter.lstrip("0")) for counter in counters)
    return digits <= MOST_DIGITS and all(NEUTRAL.fullmatch(word) for word in BETWEEN.split(part))


def neutral_path(path: str) -> str:
    """Return a path with every part hidden that may be a name; an ending that is known stays."""
    return "/".join(part if is_neutral(part) else _hidden(part) for part in path.split("/"))


def _hidden(part: str) -> str:
    _, dot, ending = part.rpartition(".")
    return f"{HIDDEN}.{ending}" if dot and WORDS.fullmatch(ending) else HIDDEN


def neutral_note(note: str) -> str:
    """Return a remark without names: ``PATH: REASON`` or a sentence.

    In the reason, what is quoted, looks like a path or like a number of a patient is hidden, and
    every part of the path that was hidden before it.
    """
    path, colon, reason = note.rpartition(": ") if ": " in note else ("", "", note)
    names = [part for part in path.split("/") if not is_neutral(part)]
    for name in sorted(names, key=len, reverse=True):
        reason = re.sub(re.escape(name), HIDDEN, reason, flags=re.IGNORECASE)
    reason = QUOTED.sub(lambda found: f"'{neutral_path(found[0][1:-1])}'", reason)
    words = [_neutral_word(word) for word in reason.split(" ")]
    return neutral_path(path) + colon + " ".join(words)


def _neutral_word(word: str) -> str:
    return neutral_path(word) if TELLING.search(word) else word
