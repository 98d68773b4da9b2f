"""Every number the scenario rests on.

Marks: [found] printed by the source named; [computed] from found numbers, the sum shown; [memory] remembered,
not checked; [chosen] ours, so that a small run shows every pattern. Only ratios between kinds of case are
used: a run of N events scales all of them alike.
"""

from __future__ import annotations

DAY = 86_400
HOUR = 3_600
MINUTE = 60

# 882 detainers of 2025-12-01 .. 2026-03-11 [found: ICE FOIA 2026-ICLI-00005, `data/`]: 101 days [computed].
DETAINERS_OF_THE_WINTER = 882
DAYS_OF_THE_WINTER = 101

# Minnesota's prisons handed 84 people to ICE in 2025 [found: DOC fact sheet 2026-01-22].
PRISON_HANDOFFS_A_YEAR = 84
PRISON_HANDOFFS_OF_THE_WINTER = PRISON_HANDOFFS_A_YEAR * DAYS_OF_THE_WINTER / 365  # 23.2 [computed]

# State prisons in the same table: how many of 185 detainers were lifted as booked, how many not yet
# [found].
PRISON_DETAINERS_BOOKED = 3
PRISON_DETAINERS_BLANK = 146

# For one detainer: bookings and prison commitments without one. Real bookings are some 50 a detainer
# [memory]; they are thinned so that immigration is between 15 and 30 % of the events [chosen].
BOOKINGS_PER_DETAINER = 4.0
COMMITMENTS_PER_DETAINER = 0.27

# Delays between a fact and its recording, in seconds [chosen; OIG-07-08 found 10 % later than 5 days at 5
# of 8 sites].
CLERK_DELAY = 90 * MINUTE
PROMPT_DELAY = 5 * MINUTE
ICE_DELAY = 6 * HOUR
LIFT_DELAY = 5 * DAY
LATE_DELAY = (1 * DAY, 10 * DAY)
CORRECTION_DELAY = (1 * HOUR, 3 * DAY)

# Shares of all ordinary events [chosen].
LATE_SHARE = 0.020
CORRECTED_SHARE = 0.008
RETRACTED_SHARE = 0.003
DAY_PRECISION_SHARE = 0.004
PREPARED_BY_DATE_ONLY = 0.25
RELEASED_BEFORE_BOOKED = 0.002

# Who is silent about a transfer that the other side recorded [chosen].
ICE_SILENT = 0.10
CUSTODIAN_SILENT = 0.06

# ICE's lift reasons without a column of their own in the table [found: value set]; their shares are
# [chosen].
OTHER_LIFTS = (
    ("ICE Temporary Resource Constraint", 0.30),
    ("Insufficient Notice to ICE", 0.15),
    ("Case Closed", 0.15),
    ("Superseding - New Form Issued", 0.10),
    ("Prosecutorial Discretion", 0.10),
    ("USC or Presumptive Claim to US Citizenship", 0.08),
    ("Noncitizen Not Amenable to Removal", 0.07),
    ("Early Release", 0.05),
)

# How a jail's case went under each of ICE's lift reasons [chosen; that "declined" goes with transfers, no-
# shows and silence alike is found: Hennepin February 2017, Kern 2017]. None: ICE has given no reason.
JAIL_ENDINGS: dict[str | None, tuple[tuple[str, float], ...]] = {
    "Booked into Detention": (("handed_over", 1.0),),
    "Detainer Declined by LEA": (("released", 0.68), ("no_show", 0.18), ("handed_over", 0.14)),
    "No longer in State, Local, or Federal Custody": (("released", 0.85), ("to_other_agency", 0.15)),
    "ICE Temporary Resource Constraint": (("no_show", 1.0),),
    "Insufficient Notice to ICE": (("no_show", 0.6), ("released", 0.4)),
    "USC or Presumptive Claim to US Citizenship": (("citizen", 1.0),),
    "Superseding - New Form Issued": (("superseded", 1.0),),
    None: (("in_custody", 0.55), ("released", 0.25), ("handed_over", 0.12), ("no_show", 0.08)),
}
OTHER_JAIL_ENDINGS = (("released", 1.0),)

# Share of eligible people kept after they would have been released, and for how long, in seconds. Anoka: 20
# minutes to 6 hours [found: Parada v. Anoka, 54 F.4th 1016]; Nobles: up to 48 hours and more while bail was
# refused [found: Esparza v. Nobles, A18-2011; the bounds are chosen]. The shares are [chosen].
OVERHOLDS = {
    "mn-anoka-jail": (0.60, 20 * MINUTE, 6 * HOUR),
    "mn-nobles-jail": (0.40, 12 * HOUR, 60 * HOUR),
}
OTHER_OVERHOLDS = (0.10, 30 * MINUTE, 50 * HOUR)

# Residents of each county in thousands, census of 2020 [memory, rounded]: how often its jail is drawn.
COUNTY_SIZE = {
    "Hennepin": 1282, "Ramsey": 552, "Dakota": 440, "Anoka": 364, "Washington": 268, "St. Louis": 200,
    "Olmsted": 163, "Stearns": 158, "Scott": 151, "Wright": 141, "Carver": 107, "Sherburne": 97,
    "Blue Earth": 69, "Rice": 67, "Crow Wing": 66, "Clay": 65, "Otter Tail": 60, "Chisago": 57,
    "Winona": 50, "Goodhue": 48, "Beltrami": 46, "Itasca": 45, "Kandiyohi": 44, "Benton": 41,
    "Isanti": 41, "Mower": 40, "Douglas": 39, "McLeod": 37, "Steele": 37, "Carlton": 36, "Becker": 35,
    "Nicollet": 34, "Morrison": 34, "Polk": 31, "Freeborn": 31, "Cass": 30, "Pine": 29, "Le Sueur": 29,
    "Mille Lacs": 27, "Brown": 26, "Lyon": 25, "Todd": 25, "Meeker": 23, "Nobles": 22, "Dodge": 21,
    "Fillmore": 21, "Hubbard": 21, "Wabasha": 21, "Martin": 20, "Houston": 19, "Waseca": 19,
    "Aitkin": 16, "Kanabec": 16, "Roseau": 15, "Redwood": 15, "Renville": 15, "Sibley": 15,
    "Wadena": 14, "Faribault": 14, "Pennington": 14, "Chippewa": 13, "Koochiching": 12,
    "Cottonwood": 12, "Watonwan": 11, "Pope": 11, "Lake": 11, "Jackson": 10, "Yellow Medicine": 10,
    "Swift": 10, "Rock": 10, "Stevens": 10, "Pipestone": 9, "Marshall": 9, "Clearwater": 9, "Murray": 8,
    "Lac qui Parle": 7, "Norman": 6, "Grant": 6, "Wilkin": 6, "Cook": 6, "Lincoln": 6, "Mahnomen": 5,
    "Big Stone": 5, "Kittson": 4, "Lake of the Woods": 4, "Red Lake": 4, "Traverse": 3,
}  # fmt: skip

# Where people are committed to prison: St. Cloud takes men in, Shakopee women [found]; the shares are
# [chosen].
INTAKE = (
    ("mn-doc-st-cloud", 0.85),
    ("mn-doc-shakopee", 0.11),
    ("mn-doc-red-wing", 0.02),
    ("mn-doc-togo", 0.02),
)

# Charges, with Minnesota's level of each [chosen; no statute is cited].
CHARGES = (
    ("DWI-4", "Fourth-degree driving while impaired", "misdemeanor"),
    ("DWI-2", "Second-degree driving while impaired", "gross_misdemeanor"),
    ("THEFT-M", "Theft", "misdemeanor"),
    ("THEFT-F", "Theft over the felony amount", "felony"),
    ("ASLT-5", "Fifth-degree assault", "misdemeanor"),
    ("ASLT-2", "Second-degree assault", "felony"),
    ("CS-5", "Fifth-degree possession of a controlled substance", "felony"),
    ("DAS", "Driving after suspension", "misdemeanor"),
    ("WARR", "Bench warrant for failure to appear", "misdemeanor"),
    ("BURG-3", "Third-degree burglary", "felony"),
    ("TRESP", "Trespass", "misdemeanor"),
    ("DOM", "Domestic assault", "gross_misdemeanor"),
)

# How bookings end [found as words: a Washington jail's dispositions 2013-18, domain facts 4.4; the mix is
# chosen].
DISPOSITIONS = (
    "Bail Bond",
    "PR",
    "Time Served",
    "Dismissed",
    "NCF",
    "Court Order",
    "Cash Bail",
    "No Prob Cause",
)

# Share of the day's bookings before each hour, local time: fewest at dawn, most in the evening [chosen].
BOOKINGS_BY_HOUR = (5, 5, 5, 3, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 5)
