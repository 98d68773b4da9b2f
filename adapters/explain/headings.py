"""The fixed words of an explanation, the same in text and on the page."""

from __future__ import annotations

from domain.rules.trace import Standing

GROUPS = {
    Standing.STANDS: "Rules that stand",
    Standing.UNKNOWN: "Rules of which it cannot be known whether they stand",
    Standing.DEFEATED: "Rules that are defeated",
    Standing.FAILS: "Rules that fall",
}
NO_POINT = "No decision point has arisen in"
NO_RULES = "No rule of the pack speaks here and then to this custodian."
CONFLICT = "In conflict: both sides, as they stand"
ADVICE = "Advice, which resolves nothing"
READINGS = "Rival readings of one text"
MISSING = "What is not known"
NOTHING_MISSING = "Nothing that is not known could change the status."
TOGETHER = "Taken together"
ALSO_UNKNOWN = "Not known either, without effect on the status"
CLOCKS = "Clocks of the rules that stand"
CLOCK_LABELS = {False: ("starts", "ends"), True: ("counted from", "due by")}
RECORDED = "What agencies cited, and what was recorded"
NO_CITATION = "No agency cited a rule."
NO_ACT = "No act at this decision point is recorded."
HELD = "From the moment to the recorded end"
EVIDENCE = "What this rests on"
NOT_CONSIDERED = "Not considered, for they bind other custodians or were surely not in force then"
NEUTRAL = (
    "This shows which recorded rules spoke, on what was recorded by then. It decides no law, ranks no agency, "
    "and is not legal advice."
)
