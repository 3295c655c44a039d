"""All records at once: a plan as a question to the solver (z3), claim by claim.

What comes out are candidates; whoever asks re-scores them exactly before they are shown. z3 is imported when it is used.
"""
