"""The simulator: a seeded, made-up Minnesota whose every event is labelled `synthetic:` in its source.

rates      every number the scenario rests on, with its source and mark
places     who holds people, how many, and what each says it decides by
clerk      how a fact becomes an event: delays, late reports, corrections, retractions
bookings   ordinary custody          detainers   the form and its endings
handoffs   notice, pickup, transfer  prisons     commitment and the 631.50 notice
case       one person's custody, and the voices that speak of it
wire       times and canonical bytes, written fast
run        the clock, the queue and the exact number of events: `simulate`
"""
